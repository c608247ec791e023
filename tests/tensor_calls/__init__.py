"""How each tab of the book calls its tensor functions, with every argument that is documented.

A backend's `table(d2l)` has for each name the framework's own function, and calls
`lambda f: f(...)` for it and for ours.
"""

import numpy as np

A = np.array([[0.5, 1.0, 2.0], [3.0, 0.25, 0.5]], np.float32)
CUBE = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 7
ENTRYWISE = 'abs exp log sin cos sinh cosh tanh sigmoid'.split()
