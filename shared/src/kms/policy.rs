//! Whose key policy lets other trails write under a key.
