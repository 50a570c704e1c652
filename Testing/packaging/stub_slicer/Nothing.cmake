# Slicer generates XRay3DConfig.cmake here, for C++ extensions that build on this one. Nothing to do for scripts.
