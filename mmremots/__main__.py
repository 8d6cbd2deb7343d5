"""``python -m mmremots`` is the command ``mmremots``."""
from mmremots.cli import main

if __name__ == '__main__':
    main()
