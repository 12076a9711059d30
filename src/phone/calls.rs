//! The calls that are up, found by their id, by the user agent's handle and by their sound.

use std::collections::{BTreeMap, HashMap};

use ringbook_media::engine::StreamId;
use ringbook_sip::user_agent::CallHandle;

use super::call::Call;
use crate::model::CallId;

/// The calls that are up. Their ids sort by time, so the oldest comes first.
#[derive(Debug, Default)]
pub struct Calls {
    calls: BTreeMap<CallId, Call>,
    handles: HashMap<CallHandle, CallId>,
    streams: HashMap<StreamId, CallId>,
    last_stream: u64,
}

impl Calls {
    /// A name for a new call's sound.
    pub fn next_stream(&mut self) -> StreamId {
        self.last_stream += 1;
        StreamId(self.last_stream)
    }

    /// Takes a call in.
    pub fn insert(&mut self, call: Call) {
        if let Some(handle) = call.handle {
            self.handles.insert(handle, call.id);
        }
        self.streams.insert(call.stream, call.id);
        self.calls.insert(call.id, call);
    }

    /// Names the call in the user agent.
    pub fn set_handle(&mut self, id: CallId, handle: CallHandle, call_id: Option<String>) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.handle = Some(handle);
            call.call_id = call_id;
            self.handles.insert(handle, id);
        }
    }

    /// Forgets a call.
    pub fn remove(&mut self, id: CallId) -> Option<Call> {
        let call = self.calls.remove(&id)?;
        if let Some(handle) = call.handle {
            self.handles.remove(&handle);
        }
        self.streams.remove(&call.stream);
        Some(call)
    }

    /// The call with this id.
    pub fn get(&self, id: CallId) -> Option<&Call> {
        self.calls.get(&id)
    }

    /// The call with this id.
    pub fn get_mut(&mut self, id: CallId) -> Option<&mut Call> {
        self.calls.get_mut(&id)
    }

    /// The id of the call with this handle.
    pub fn by_handle(&self, handle: CallHandle) -> Option<CallId> {
        self.handles.get(&handle).copied()
    }

    /// The id of the call with this sound.
    pub fn by_stream(&self, stream: StreamId) -> Option<CallId> {
        self.streams.get(&stream).copied()
    }

    /// Every call, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Call> {
        self.calls.values()
    }

    /// The calls that are not over.
    pub fn live(&self) -> impl DoubleEndedIterator<Item = &Call> {
        self.iter().filter(|call| call.ended().is_none())
    }

    /// The ids of every call, the oldest first.
    pub fn ids(&self) -> Vec<CallId> {
        self.calls.keys().copied().collect()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }
}
