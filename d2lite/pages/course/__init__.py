"""A course is its own library: what its pages mark with `#@save`, other pages use as `d2l.NAME`.

folder.py finds a course, code.py and saved.py find what is saved, index.py remembers it, library.py
runs it when it is asked for. d2lite/faces.py is where `d2l.NAME` is looked up.
"""
