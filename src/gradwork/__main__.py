"""`python -m gradwork` is the `gradwork` command."""

import sys

from gradwork.cli import main

sys.exit(main())
