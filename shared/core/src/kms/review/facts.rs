//! What was found out about the objects, keys and trails that the events name.

use crate::kms::policy::PolicyVerdict;
use crate::names::ids::TrailArn;
use crate::names::location::ObjectLocation;
use crate::names::object_key::Chain;
use crate::names::region_folder::RegionFolder;
use crate::world::{Absence, Encryption, KeyDescription};
use std::collections::{BTreeMap, HashMap};

/// What an object that an event names turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectState {
    /// It is there, and encrypted so.
    There(Encryption),
    /// It is not there.
    Gone(Absence),
    /// It could not be looked at.
    Unknown,
}

/// What a key turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyState {
    /// What KMS says of it.
    pub description: KeyDescription,
    /// What its policy says, where that may be read.
    pub policy: Option<PolicyVerdict>,
}

/// A trail that is expected if its digests lie beside the object: no trail is configured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownTrail {
    /// The trail.
    pub trail: TrailArn,
    /// Where the log file that the context names lies.
    pub folder: RegionFolder,
}

/// What was found out about what the events name.
#[derive(Debug, Default)]
pub struct Facts {
    /// The delivered log files.
    pub objects: HashMap<ObjectLocation, ObjectState>,
    /// The keys, by the name that the events have for them.
    pub keys: HashMap<String, KeyState>,
    /// The chains beside each unknown trail's log file.
    pub chains: BTreeMap<UnknownTrail, Vec<Chain>>,
}
