//! Faults that can be switched on: what the simulator does wrong, and how often.
//!
//! Imports nothing. Start with [`Setting`] (one fault with its parameters) and [`Knobs`] (all that
//! are on). Some faults are used up (`times`); the others last until they are cleared.

use serde::{Deserialize, Serialize};

/// The names of the faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Name {
    /// [`Setting::Refuse`]
    Refuse,
    /// [`Setting::Silent`]
    Silent,
    /// [`Setting::Slow`]
    Slow,
    /// [`Setting::DropFrames`]
    DropFrames,
    /// [`Setting::CloseAfter`]
    CloseAfter,
    /// [`Setting::LoginFailure`]
    LoginFailure,
    /// [`Setting::NackSends`]
    NackSends,
    /// [`Setting::DropAcks`]
    DropAcks,
    /// [`Setting::PasskeyStage`]
    PasskeyStage,
    /// [`Setting::MuteLogin`]
    MuteLogin,
    /// [`Setting::NewestKeysFirst`]
    NewestKeysFirst,
}

/// One fault with its parameters. `times` is how often it happens; until cleared when absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum Setting {
    /// Nobody listens: connections are refused. Those that exist live on.
    Refuse,
    /// Connections are accepted and shake hands, but nothing more is ever sent, on old ones too.
    Silent,
    /// Every stanza to a companion is late.
    Slow {
        /// By how much, each.
        ms: u64,
    },
    /// Stanzas to companions are lost.
    DropFrames {
        /// How many; all when absent.
        #[serde(default)]
        times: Option<u32>,
    },
    /// A connection is dropped without a word once this many stanzas came from its client.
    CloseAfter {
        /// How many stanzas are still read, per connection and counted from now.
        frames: u32,
    },
    /// Logins are refused.
    LoginFailure {
        /// 401 logged out, 402 banned, 403 locked, 405 client outdated, 500 and 503 unavailable.
        code: u16,
        /// How many logins; all when absent.
        #[serde(default)]
        times: Option<u32>,
        /// For 402: when the ban ends, in seconds from now (one hour when absent).
        #[serde(default)]
        expire_s: Option<u64>,
    },
    /// Messages of companions are refused with an error in the ack, and go nowhere.
    NackSends {
        /// The error, for example 463 or 479.
        code: u16,
        /// How many; all when absent.
        #[serde(default)]
        times: Option<u32>,
    },
    /// Messages of companions are delivered but never acknowledged.
    DropAcks {
        /// How many; all when absent.
        #[serde(default)]
        times: Option<u32>,
    },
    /// A scan is answered with the passkey stage instead of success.
    PasskeyStage,
    /// A known device's login is neither accepted nor refused: paired, but it never opens.
    MuteLogin {
        /// How many logins; all when absent.
        #[serde(default)]
        times: Option<u32>,
    },
    /// One-time keys of companions are handed out from the highest id down, not from the lowest up.
    NewestKeysFirst,
}

impl Setting {
    /// The fault's name.
    pub fn name(&self) -> Name {
        match self {
            Setting::Refuse => Name::Refuse,
            Setting::Silent => Name::Silent,
            Setting::Slow { .. } => Name::Slow,
            Setting::DropFrames { .. } => Name::DropFrames,
            Setting::CloseAfter { .. } => Name::CloseAfter,
            Setting::LoginFailure { .. } => Name::LoginFailure,
            Setting::NackSends { .. } => Name::NackSends,
            Setting::DropAcks { .. } => Name::DropAcks,
            Setting::PasskeyStage => Name::PasskeyStage,
            Setting::MuteLogin { .. } => Name::MuteLogin,
            Setting::NewestKeysFirst => Name::NewestKeysFirst,
        }
    }

    fn times(&mut self) -> Option<&mut Option<u32>> {
        match self {
            Setting::DropFrames { times }
            | Setting::LoginFailure { times, .. }
            | Setting::NackSends { times, .. }
            | Setting::DropAcks { times }
            | Setting::MuteLogin { times } => Some(times),
            Setting::Refuse
            | Setting::Silent
            | Setting::Slow { .. }
            | Setting::CloseAfter { .. }
            | Setting::PasskeyStage
            | Setting::NewestKeysFirst => None,
        }
    }
}

/// The faults that are on, one of each name.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub struct Knobs(Vec<Setting>);

impl Knobs {
    /// Switches a fault on, or changes its parameters.
    pub fn set(&mut self, setting: Setting) {
        self.clear(Some(setting.name()));
        self.0.push(setting);
    }

    /// Switches one fault off, or all.
    pub fn clear(&mut self, name: Option<Name>) {
        self.0.retain(|setting| name.is_some_and(|name| setting.name() != name));
    }

    /// The fault, if it is on.
    pub fn get(&self, name: Name) -> Option<&Setting> {
        self.0.iter().find(|setting| setting.name() == name)
    }

    /// Whether the fault is on.
    pub fn is_on(&self, name: Name) -> bool {
        self.get(name).is_some()
    }

    /// The fault, if it is on; one of its times is used up.
    pub fn take(&mut self, name: Name) -> Option<Setting> {
        let setting = self.0.iter_mut().find(|setting| setting.name() == name)?;
        let taken = setting.clone();
        if let Some(Some(times)) = setting.times() {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.clear(Some(name));
            }
        }
        match taken {
            Setting::DropFrames { times: Some(0) }
            | Setting::LoginFailure { times: Some(0), .. }
            | Setting::NackSends { times: Some(0), .. }
            | Setting::DropAcks { times: Some(0) }
            | Setting::MuteLogin { times: Some(0) } => None,
            taken => Some(taken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_used_up() {
        let mut knobs = Knobs::default();
        knobs.set(Setting::NackSends { code: 479, times: Some(2) });
        assert!(knobs.take(Name::NackSends).is_some());
        assert!(knobs.take(Name::NackSends).is_some());
        assert!(knobs.take(Name::NackSends).is_none());
        knobs.set(Setting::DropAcks { times: None });
        for _ in 0..10 {
            assert!(knobs.take(Name::DropAcks).is_some());
        }
        knobs.clear(None);
        assert!(!knobs.is_on(Name::DropAcks));
    }
}
