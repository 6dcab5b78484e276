"""What can go wrong with questionnaires. No message repeats what a resident answered."""


class AssessmentError(Exception):
    """The base of everything this package raises."""


class LibraryError(AssessmentError):
    """An instrument's file cannot be used; says which file, which line (if known), which field and why."""

    def __init__(self, file: str, field: str, why: str, line: int | None = None) -> None:
        where = file if line is None else f"{file} 第 {line} 行"
        super().__init__(f"{where}: {field}: {why}")
        self.file = file
        self.field = field
        self.why = why
        self.line = line


class UnknownInstrument(AssessmentError):
    """The library has no instrument of this id."""

    def __init__(self, instrument: str) -> None:
        super().__init__("没有这份量表")
        self.instrument = instrument


class UnknownItem(AssessmentError):
    """The instrument has no item of this id or number."""

    def __init__(self, instrument: str) -> None:
        super().__init__(f"量表 {instrument} 没有这一题")
        self.instrument = instrument


class AnswerNotOffered(AssessmentError):
    """A value that the published form does not print for this item; the value stays out of the message."""

    def __init__(self, item: str, value: object) -> None:
        super().__init__(f"第 {item} 题没有这个选项")
        self.item = item
        self.value = value


class AnswerNotReadable(AnswerNotOffered):
    """A value that is not written as the form prints it, such as a clock time; says how it is written."""

    def __init__(self, item: str, value: object, how: str) -> None:
        super().__init__(item, value)
        self.args = (f"第 {item} 题：{how}",)


class IncompleteAnswers(AssessmentError):
    """Some items have no answer: there is no total and no band, but critical answers still count."""

    def __init__(self, missing: tuple[str, ...], critical: tuple[str, ...]) -> None:
        super().__init__(f"还有 {len(missing)} 题没有回答")
        self.missing = missing
        self.critical = critical


class AnswersDisagree(IncompleteAnswers):
    """Two answers cannot both be true, so that nothing can be computed: as good as not answered."""

    def __init__(
        self, numbers: tuple[str, ...], missing: tuple[str, ...], critical: tuple[str, ...], why: str
    ) -> None:
        super().__init__(missing, critical)
        self.args = (f"第 {'、'.join(numbers)} 题对不上：{why}",)
