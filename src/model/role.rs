//! What somebody in the office may do: rights, the roles that have them, and whose calls are in sight.

use super::call::words;

/// What somebody at a seat is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Role {
    /// Takes calls.
    Agent,
    /// Listens to calls and reads figures over them.
    Reviewer,
    /// Answers for all of it.
    #[default]
    Manager,
}

words!(Role {
    Agent = "agent",
    Reviewer = "reviewer",
    Manager = "manager",
});

/// What not everybody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// To see calls, clients and tasks, also as a list on a terminal.
    See,
    /// To listen to recordings.
    Listen,
    /// To read and keep reports.
    Report,
    /// To write calls out of the store, for others to read.
    ExportCalls,
    /// Likewise recordings.
    ExportRecordings,
    /// Likewise clients.
    ExportClients,
    /// To delete recordings.
    DeleteRecordings,
    /// To delete clients, and to make one of two.
    DeleteClients,
    /// To read the audit.
    ReadAudit,
    /// To compute anew what calls cost and which of them were too long.
    ApplyTariffs,
    /// To change tariffs, and limits of conversations.
    ChangeTariffs,
    /// To take the whole store away, and to put another in its place.
    Backup,
}

impl Right {
    /// Every one, in the order of the documentation.
    pub const ALL: [Self; 12] = [
        Self::See,
        Self::Listen,
        Self::Report,
        Self::ExportCalls,
        Self::ExportRecordings,
        Self::ExportClients,
        Self::DeleteRecordings,
        Self::DeleteClients,
        Self::ReadAudit,
        Self::ApplyTariffs,
        Self::ChangeTariffs,
        Self::Backup,
    ];

    /// Whether an agent, a reviewer and a manager have it.
    const fn row(self) -> [bool; 3] {
        match self {
            Self::See | Self::Listen | Self::Report => [true, true, true],
            Self::ExportCalls | Self::ExportRecordings => [false, true, true],
            Self::ExportClients
            | Self::DeleteRecordings
            | Self::DeleteClients
            | Self::ReadAudit
            | Self::ApplyTariffs
            | Self::ChangeTariffs
            | Self::Backup => [false, false, true],
        }
    }

    /// The roles that have it.
    pub fn roles(self) -> impl Iterator<Item = Role> {
        let roles = Role::ALL.iter().copied();
        roles.filter(move |role| role.may(self))
    }
}

impl Role {
    /// Whether whoever has the role may do this.
    pub const fn may(self, right: Right) -> bool {
        right.row()[self as usize]
    }
}

/// Who works with a store: the role, and whose calls are in sight.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seat {
    /// The role.
    pub role: Role,
    /// The seat's own calls alone; none where all calls are in sight.
    pub sees: Option<OwnCalls>,
}

impl Seat {
    /// Nothing is kept from it: a manager's, and the program's own work.
    pub const FREE: Self = Self {
        role: Role::Manager,
        sees: None,
    };
}

impl Seat {
    /// Whether it sees a call on this line that this internal number took or made.
    pub fn sees(&self, line: &str, extension: &str) -> bool {
        let is_own = |own: &OwnCalls| {
            let is = |one: &String, other: &str| !one.is_empty() && one == other;
            own.lines.iter().any(|own| is(own, line))
                || own.extensions.iter().any(|own| is(own, extension))
        };
        self.sees.as_ref().is_none_or(is_own)
    }
}

/// Calls of a seat: those on its lines, and those that its internal numbers took or made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnCalls {
    /// Addresses of record.
    pub lines: Vec<String>,
    /// Internal numbers, none empty.
    pub extensions: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s5_30_who_may_do_what_stands_in_one_table() {
        let rights = |role: Role| Right::ALL.iter().filter(|right| role.may(**right)).count();
        assert_eq!(
            Role::ALL
                .iter()
                .map(|role| rights(*role))
                .collect::<Vec<_>>(),
            [3, 5, 12]
        );
        for right in Right::ALL {
            assert!(Role::Manager.may(right), "{right:?}");
            assert!(
                Role::Reviewer.may(right) || !Role::Agent.may(right),
                "{right:?}"
            );
        }
        assert!(Role::Agent.may(Right::Listen) && !Role::Agent.may(Right::ExportCalls));
        assert!(Role::Reviewer.may(Right::ExportRecordings));
        assert!(!Role::Reviewer.may(Right::DeleteRecordings));
        let may_delete: Vec<Role> = Right::DeleteClients.roles().collect();
        assert_eq!(may_delete, [Role::Manager]);
    }
}
