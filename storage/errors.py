"""What can go wrong in storage. No message here ever holds what a resident said or who they are.

StorageError
├── SealBroken            a sealed value does not open: changed, moved, or sealed with an unknown key
├── KeyringError          the key ring cannot be used
│   ├── KeyringMissing    there is no key ring at that path
│   ├── KeyringExists     a key ring is there already and is not overwritten
│   ├── KeyringDamaged    the file is not a key ring
│   └── KeyringDoesNotFit the data was sealed with another key ring
├── DatabaseError
│   ├── NotMigrated       the tables are not there yet
│   ├── TablesInUse       an upgrade did not get a table soon enough and has changed nothing
│   └── UnsafeDatabase    the server would acknowledge what a power cut can take away
├── AuditRefused          an entry that cannot be audited, or a session without an audit queue
└── EmbeddedError         the embedded server
    ├── DamagedDataFolder the folder is no usable database
    ├── AlreadyRunning    a server works on this folder now
    └── WillNotStart      the server did not come up
"""


class StorageError(Exception):
    """The base of everything storage raises."""


class SealBroken(StorageError):
    """A sealed value does not open. Names table, column and row, never the value."""


class KeyringError(StorageError):
    """The key ring cannot be used."""


class KeyringMissing(KeyringError):
    """There is no key ring at that path."""


class KeyringExists(KeyringError):
    """A key ring is there already; it is never overwritten."""


class KeyringDamaged(KeyringError):
    """The file is not a readable key ring."""


class KeyringDoesNotFit(KeyringError):
    """The data in this database was sealed with another key ring."""


class DatabaseError(StorageError):
    """The database cannot be used as it is."""


class TablesInUse(DatabaseError):
    """An upgrade did not get a table soon enough, and has changed nothing; it can be tried again."""


class NotMigrated(DatabaseError):
    """The tables are not there yet."""


class UnsafeDatabase(DatabaseError):
    """The server would acknowledge what a power cut can take away."""


class AuditRefused(StorageError):
    """An entry that cannot be audited, or a session that has no audit queue."""


class EmbeddedError(StorageError):
    """The embedded server."""


class DamagedDataFolder(EmbeddedError):
    """The folder is no usable database."""


class AlreadyRunning(EmbeddedError):
    """A server works on this folder now."""


class WillNotStart(EmbeddedError):
    """The server did not come up."""
