//! A week in fake time. The generator delivers trails, and the product's own code checks them, at
//! the times at which S3's events, the queues and the hourly rule would start it.
//!
//! One week has random tamperings: each is found, by the expected function, within the stated time.
//! Other weeks have only what is legal: nobody is alerted.

mod alerter;
mod chain_deeds;
mod deed;
mod deliveries;
mod facts;
mod functions;
mod kinds;
mod legal;
mod other_deeds;
mod plan;
mod s3_event;
mod settings;
mod store;
mod table;
mod tampered;
mod trails;
mod watchdog;
mod world;
