//! Messages of the findings queue, and the incidents that they open.

#![no_main]

use libfuzzer_sys::fuzz_target;
use trailseal::alert::incident::{Incident, MAX_DOCUMENT_BYTES};
use trailseal::alert::received::{Received, read};

fuzz_target!(|bytes: &[u8]| {
    let _ = Incident::read(bytes, "0");
    let Ok(Received::Findings(findings)) = read(bytes) else {
        return;
    };
    let Some(mut incident) = findings.first().map(Incident::of) else {
        return;
    };
    for finding in &findings {
        incident.add(finding, finding.detected_at);
    }
    // A written document is read back.
    let document = incident.document();
    if document.len() <= MAX_DOCUMENT_BYTES {
        assert!(Incident::read(document.as_bytes(), &incident.id).is_some());
    }
});
