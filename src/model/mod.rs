//! Nouns without behaviour, shared by the phone, the store, the command line and the window.

mod analysis;
mod audit;
mod call;
mod call_column;
mod call_leg;
mod call_look;
mod call_view;
mod card;
mod card_layout;
mod client;
mod client_change;
mod client_text;
mod column_test;
mod contact;
mod greeting;
mod ids;
mod merging;
mod money;
mod outbox;
mod password;
mod phone_number;
mod record;
mod recording;
mod role;
mod scenario;
mod schedule;
mod source;
mod talk_limit;
mod task;
mod value;
mod when;

pub use analysis::{
    Analysis, AnalysisFlag, Findings, LONG_SILENCE, MUCH_OVERLAP, SPOKE, TOO_SHORT,
};
pub use audit::{Act, AuditLine, Deed};
pub use call::{
    CallLine, CallOrigin, CallQuality, CallRecord, CallStatus, Cost, Direction, EndReason, KnownAs,
};
pub use call_column::{CallColumn, Holds, Turn, read_sort};
pub use call_leg::{CallLeg, LegOutcome};
pub use call_look::CallLook;
pub use call_view::{CallView, PERIODS, ShownColumn, days_of};
pub use card::{
    AboutClient, CallerCard, CallerMatch, NOTE_READ, NearestBranch, OrderLine, OtherClient,
    PhotoRef,
};
pub use card_layout::{Block, CardLayout};
pub use client::{
    Category, CategoryId, Client, ClientKind, ClientSummary, Consent, Employee, Order, Photo,
};
pub use client_text::{ClientField, Lists, NotAllowed};
pub use column_test::{Bound, ColumnTest};
pub use contact::{Address, ClientEmail, ClientPhone, Position};
pub use greeting::{greeted, own_and_family_name};
pub use ids::{
    AuditId, CallId, ClientId, EmployeeId, EventId, IdError, OrderId, PhotoId, RecordId,
    RecordingId, RequestId, TaskId,
};
pub use money::{Money, MoneyError};
pub use outbox::OutboxEvent;
pub use password::Password;
pub use phone_number::{Country, CountryError, ParsedNumber, Party, PhoneNumber, PhoneNumberError};
pub use record::{Column, Kind, Record, overdue_days};
pub use recording::{Missing, RecordingFile, RecordingRow, RecordingState};
pub use role::{OwnCalls, Right, Role, Seat};
pub use scenario::{Arrived, Callers, Fit, Known, Scenario, ScenarioStep, choose};
pub use schedule::{Days, Hours, is_within};
pub use source::{
    CardSource, Database, Fact, Facts, SourceAnswer, SourcePlace, SourceState, SourcedField,
};
pub use talk_limit::{TalkLimit, TalkLimits};
pub use task::{CallEnd, Closed, Outcome, Task, TaskChange, TaskLine, TaskNews, TaskTerms};
pub use value::{FieldDefinition, FieldType, FieldValue, Value, ValueType};
pub use value::{is_link, read_flag, read_number};
pub use when::{When, WhenError};
