//! Who may read encrypted log files.
