# SPDX-License-Identifier: GPL-2.0
"""Run the main function of a program of this package."""

import sys


def run(main, *errors: type[Exception]) -> None:
    """Exit with the status of `main`; an OSError, or one of `errors`, is one line on stderr."""
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(1)
    except (OSError, *errors) as error:
        print(f"safe-dma: error: {error}", file=sys.stderr)
        sys.exit(1)
