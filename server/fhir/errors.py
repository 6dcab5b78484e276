"""What can be wrong with a resource from outside. No message repeats what stood in it."""


class FhirError(ValueError):
    """The resource cannot be used; says in Chinese where it is wrong and how it should be."""
