//! Speeches that wait for their time, the most urgent first.

use std::collections::VecDeque;

use antiphon_core::RequestId;

use crate::{Priority, turn::Committed};

/// More may not wait; a further request is refused.
const MAX_WAITING: usize = 16;

#[derive(Clone, Debug, Default)]
pub(crate) struct Plans {
    waiting: VecDeque<Plan>,
}

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Who asked for it; `None` if the conversation did.
    pub(crate) request: Option<RequestId>,
    pub(crate) priority: Priority,
    pub(crate) what: What,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    /// Say this text, synthesised or, with `clip`, as recorded.
    Say { text: String, clip: bool, protected: bool },
    /// Answer the user.
    Reply(Committed),
    /// Have the agent say something by itself.
    Prompt { instructions: String },
}

impl Plan {
    /// Something the conversation says of its own accord.
    pub(crate) const fn say(text: String) -> Self {
        let what = What::Say { text, clip: false, protected: false };
        Self { request: None, priority: Priority::Normal, what }
    }

    pub(crate) const fn is_protected(&self) -> bool {
        matches!(self.what, What::Say { protected: true, .. })
    }
}

impl Plans {
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Lines up behind everything of the same or a higher priority. Gives the plan back if too
    /// many wait.
    pub(crate) fn push(&mut self, plan: Plan) -> Option<Plan> {
        if self.waiting.len() >= MAX_WAITING {
            return Some(plan);
        }
        let at = self.waiting.iter().take_while(|p| p.priority >= plan.priority).count();
        self.waiting.insert(at, plan);
        None
    }

    /// The answer to the user: it makes an earlier one that has not begun pointless.
    pub(crate) fn answer(&mut self, committed: Committed) {
        self.waiting.retain(|p| !matches!(p.what, What::Reply(_)));
        let what = What::Reply(committed);
        self.waiting.push_back(Plan { request: None, priority: Priority::Normal, what });
    }

    pub(crate) fn front(&self) -> Option<&Plan> {
        self.waiting.front()
    }

    pub(crate) fn pop(&mut self) -> Option<Plan> {
        self.waiting.pop_front()
    }

    /// Takes out what somebody asked for.
    pub(crate) fn withdraw(&mut self, request: RequestId) -> Option<Plan> {
        let at = self.waiting.iter().position(|p| p.request == Some(request))?;
        self.waiting.remove(at)
    }

    /// Takes out everything that may be interrupted.
    pub(crate) fn drop_unprotected(&mut self) -> Vec<Plan> {
        let (kept, dropped) =
            std::mem::take(&mut self.waiting).into_iter().partition(Plan::is_protected);
        self.waiting = kept;
        dropped.into()
    }

    pub(crate) fn clear(&mut self) -> Vec<Plan> {
        std::mem::take(&mut self.waiting).into()
    }
}
