//! What a run can show towards controls that people are asked about, and what it cannot.

use crate::core::run::World;

pub struct Control {
    /// Of ISO/IEC 27001:2022, Annex A.
    pub number: &'static str,
    pub title: &'static str,
    pub shows: fn(World) -> &'static str,
    pub leaves_open: &'static str,
}

/// By the numbers of 2022; certificates of 2013 lapsed on 31 October 2025.
pub const ISO_27001: [Control; 6] = [
    Control {
        number: "5.14",
        title: "Information transfer",
        shows: |_| "where each route sends requests, and where they may be processed (data flow, ledger)",
        leaves_open: "agreements with those who receive the information",
    },
    Control {
        number: "5.23",
        title: "Use of cloud services",
        shows: |_| "which service, Regions and models are used, and a policy that denies the others",
        leaves_open: "that the policy is attached, and the terms of the service",
    },
    Control {
        number: "5.34",
        title: "Privacy and protection of personal data",
        shows: |_| "the countries in which requests may be processed; bedbench fires synthetic prompts only",
        leaves_open: "what personal data the application sends, and on what ground",
    },
    Control {
        number: "8.20",
        title: "Network security",
        shows: |_| "the endpoints called, and how each attempt ended",
        leaves_open: "firewalls, private endpoints and DNS on the way there",
    },
    Control {
        number: "8.22",
        title: "Segregation of networks",
        shows: |_| "Regions held apart by policy: who is denied what, call by call (`bedbench export scp --explain`)",
        leaves_open: "networks inside the account",
    },
    Control {
        number: "8.24",
        title: "Use of cryptography",
        shows: transport,
        leaves_open: "keys, and encryption at rest",
    },
];

/// What the run says of encryption on the way.
const fn transport(world: World) -> &'static str {
    match world {
        World::Live => "requests went over TLS to amazonaws.com",
        World::Mock => "the mock speaks plain HTTP on this machine: nothing is shown",
        World::Sim => "a simulation sends nothing: nothing is shown",
        World::Endpoint => "over TLS where the address begins with https",
    }
}

pub struct Question {
    /// Trust Services Criteria.
    pub criteria: &'static str,
    pub asked: &'static str,
    pub answer: &'static str,
}

pub const SOC_2: [Question; 6] = [
    Question {
        criteria: "CC6.1, CC6.6",
        asked: "What keeps a request from being processed in a Region that is not allowed?",
        answer: "bedbench refuses such a route before the first byte. For applications: the policy above, once attached",
    },
    Question {
        criteria: "CC6.7",
        asked: "Where does data go when it leaves the system?",
        answer: "the data flow and the ledger above, by Region and country",
    },
    Question {
        criteria: "CC7.2",
        asked: "How would you notice that work moves to another Region?",
        answer: "alarms above 20 % and 25 %, and one for any call outside the Regions allowed (`bedbench export cloudwatch`)",
    },
    Question {
        criteria: "CC7.3",
        asked: "Is each move recorded with its reason?",
        answer: "moves by the client: the incidents above. Moves inside an inference profile: CloudTrail, by request id",
    },
    Question {
        criteria: "A1.1",
        asked: "What load does it carry, and what happens above it?",
        answer: "the report of this run (`report.md`) and `bedbench sweep`",
    },
    Question {
        criteria: "CC9.2",
        asked: "What does the vendor promise about place?",
        answer: "not shown by a run: read the service terms and the list of destinations of each inference profile",
    },
];
