#!/bin/sh
# Prints a Python that can build the virtual environment, or says in one line what is missing.
# It runs before anything is installed, so it is POSIX sh; Java and Maven are asked for later, by
# deploy/local/prerequisites.py, and only where a local broker is started.
#
# PYTHON=/path/to/python overrides the search.

for python in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
            echo "$python"
            exit 0
        fi
        echo "$python cannot make virtual environments: install its venv module (Debian: apt-get install python3-venv)." >&2
        exit 1
    fi
done
echo "Python 3.11 or newer is needed and none was found as '${PYTHON:-python3}': install it (Debian: apt-get install python3 python3-venv), or name one with PYTHON=/path/to/python3." >&2
exit 1
