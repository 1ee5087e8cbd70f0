"""Everything that Belisha raises for wrong input.

BelishaError
├── UsageError              a wrong argument or a wrong configuration file        exit code 2
│   ├── ConfigError         a YAML or JSON document that breaks its schema
│   └── MissingLibraryError an optional library is absent; says which extra brings it
├── BundleError             a bundle that is refused                              exit code 3
│   └── BundleVersionError  a bundle newer than this runtime
├── EngineError             no engine could load or run the model                 exit code 3
│   ├── EngineAbsentError   the machine lacks what the engine is made for
│   └── EngineNotBuiltError the engine must first be built on this machine
├── SourceError             a camera, folder or video that cannot be opened       exit code 1
├── FrameError              one bad frame; the next may be fine                   exit code 1
├── LogError                an activity log that is broken, or cannot be kept     exit code 1
├── DatasetError            a data set that cannot be read or is inconsistent     exit code 1
└── TrainingError           a training run that cannot go on                      exit code 1

A wrong order of calls is a bug of the caller and raises `RuntimeError`, not one of these.
Each message says what was expected, what came, and what to do.
"""

EXIT_OK = 0
EXIT_SOME_FAILED = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_INCONCLUSIVE = 4
"""A measurement that decides nothing, because the machine was not steady."""
EXIT_INTERRUPTED = 130


class BelishaError(Exception):
    """Base of all errors that are about input, not about a bug."""

    exit_code = EXIT_SOME_FAILED


class UsageError(BelishaError):
    """A wrong argument or a wrong configuration."""

    exit_code = EXIT_USAGE


class ConfigError(UsageError):
    """A YAML or JSON document that breaks its schema; the message names file and line."""


class MissingLibraryError(UsageError):
    """An optional library is absent; the message says which extra brings it."""


class BundleError(BelishaError):
    """A bundle that is truncated, tampered with, malformed, or cannot be honoured."""

    exit_code = EXIT_REFUSED


class BundleVersionError(BundleError):
    """A bundle that was written by a newer Belisha than this one."""


class EngineError(BelishaError):
    """An engine could not load or run the model of a bundle."""

    exit_code = EXIT_REFUSED


class EngineAbsentError(EngineError):
    """The machine lacks what the engine is made for, such as a GPU: nothing is wrong with it."""


class EngineNotBuiltError(EngineError):
    """The engine runs here once it has been built, which takes minutes."""


class SourceError(BelishaError):
    """A source of frames that cannot be opened or has been lost."""


class FrameError(BelishaError):
    """One frame that cannot be decoded or processed; the source goes on."""


class LogError(BelishaError):
    """An activity log that is broken, is no such log, or cannot be read or written."""


class DatasetError(BelishaError):
    """A data set that cannot be read or contradicts itself."""


class TrainingError(BelishaError):
    """A training run that cannot go on; what was reached is kept."""
