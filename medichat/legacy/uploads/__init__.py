"""The files of the previous system: found below a folder, copied into encrypted storage, listed where they are not.

``folder`` opens files, and never anything outside the folder; ``copy`` gives the imported rows their files.
"""
