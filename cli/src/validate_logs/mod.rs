//! `aws cloudtrail validate-logs`, line by line.
