"""MRML nodes to the library's types and back: the only folder that knows Slicer's scene.

Works on the scene of the application, `slicer.mrmlScene`, in the desktop application as well as with the `slicer-core`
package (see `standalone`). Every function that writes nodes belongs on the main thread. Reading never changes a node.
"""
