//! Nouns without behaviour, shared by the phone, the store, the command line and the window.

mod call;
mod card;
mod client;
mod ids;
mod money;
mod phone_number;
mod recording;
mod task;

pub use call::{CallLine, CallQuality, CallRecord, CallStatus, Direction, EndReason};
pub use card::{CallerCard, CallerMatch, OrderLine, PhotoRef};
pub use client::{
    Category, CategoryId, Client, ClientPhone, ClientSummary, Employee, Order, Photo,
};
pub use ids::{CallId, ClientId, EmployeeId, IdError, OrderId, PhotoId, RecordingId, TaskId};
pub use money::{Money, MoneyError};
pub use phone_number::{Country, CountryError, ParsedNumber, Party, PhoneNumber, PhoneNumberError};
pub use recording::{RecordingRow, RecordingState};
pub use task::{Closed, Outcome, Task, TaskChange, TaskLine, TaskNews, TaskTerms};
