//! One self-contained page for the audit file.
