"""The sort methods of mainscripts/Sorter.py (spec 41 section 7).

A method takes the pictures of a folder, sorted by name, and returns `Sorted`: what is kept, in its
new order, and what goes to the trash folder. Nothing is renamed here.
"""
