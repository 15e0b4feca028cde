//! The facts about the objects, keys and trails that the events name.

use crate::kms::policy::PolicyVerdict;
use crate::names::ids::TrailArn;
use crate::names::location::ObjectLocation;
use crate::names::object_key::Chain;
use crate::names::region_folder::RegionFolder;
use crate::world::{Absence, Encryption, KeyDescription};
use std::collections::{BTreeMap, HashMap};

/// The state of an object that an event names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectState {
    /// It exists, with this encryption.
    Exists(Encryption),
    /// It does not exist.
    Gone(Absence),
    /// It could not be looked up.
    Unknown,
}

/// The state of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyState {
    /// The description in KMS.
    pub description: KeyDescription,
    /// The verdict on its policy, if the policy may be read.
    pub policy: Option<PolicyVerdict>,
}

/// A trail that is expected if its digests are next to the object, because no trail is configured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownTrail {
    /// The trail.
    pub trail: TrailArn,
    /// The folder of the log file that the context names.
    pub folder: RegionFolder,
}

/// The facts about what the events name.
#[derive(Debug, Default)]
pub struct Facts {
    /// The delivered log files.
    pub objects: HashMap<ObjectLocation, ObjectState>,
    /// The keys, by their names in the events.
    pub keys: HashMap<String, KeyState>,
    /// The chains next to each unknown trail's log file.
    pub chains: BTreeMap<UnknownTrail, Vec<Chain>>,
}
