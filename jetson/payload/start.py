"""What /usr/bin/belisha runs."""

import sys

from belisha.cli import main

if __name__ == "__main__":
    sys.exit(main())
