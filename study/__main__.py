"""`python -m study` is the command line."""

from study.commands.app import main

if __name__ == "__main__":
    main()
