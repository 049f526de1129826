//! Whether the user is still there: a long silence on both sides means that they are not.

use antiphon_core::Timestamp;

use crate::Config;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attention {
    /// Since when nobody has said anything; `None` while somebody does.
    quiet_since: Option<Timestamp>,
    away: bool,
    prompts: u32,
}

impl Attention {
    pub(crate) const fn is_away(&self) -> bool {
        self.away
    }

    /// The user gave a sign of life.
    pub(crate) const fn returned(&mut self) {
        *self = Self { quiet_since: None, away: false, prompts: 0 };
    }

    /// Takes note of whether it is quiet. Returns whether to ask the user back.
    pub(crate) fn settle(&mut self, now: Timestamp, quiet: bool, config: &Config) -> bool {
        if !quiet {
            self.quiet_since = None;
            return false;
        }
        self.quiet_since.get_or_insert(now);
        if self.due(config).is_none_or(|due| now < due) {
            return false;
        }
        self.away = true;
        self.quiet_since = Some(now);
        let ask = self.prompts < config.max_reprompts && !config.reprompt.is_empty();
        self.prompts += u32::from(ask);
        ask
    }

    /// When the silence has lasted too long.
    pub(crate) fn due(&self, config: &Config) -> Option<Timestamp> {
        let more = self.prompts < config.max_reprompts && !config.reprompt.is_empty();
        let since = self.quiet_since.filter(|_| !self.away || more)?;
        config.floor.away_at(since)
    }
}
