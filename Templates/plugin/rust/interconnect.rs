//! The interconnect `@COMPONENT@`: ranks that are threads of one process, joined by one lock.
//!
//! A collective is an exchange: start copies what a member sends into it, and wait, when all members have started, copies out
//! what this member receives. Reductions add the members up in their order, so every member gets the same bits.

mod exchange;

use dmt::kit::{self, bytes, guard, slice, Failure};
use dmt::*;
use exchange::{Exchange, Part};
use std::collections::HashMap;
use std::os::raw::c_void;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

const SUMMARY: &str = "Ranks that are threads of one process, joined by one lock.";

pub static COMPONENT: dmt_component = kit::component(DMT_KIND_INTERCONNECT, 1, "@COMPONENT@", SUMMARY);

pub static TABLE: dmt_interconnect = dmt_interconnect {
    struct_size: kit::size::<dmt_interconnect>(),
    revision: 1,
    ctx: std::ptr::null_mut(),
    flags: DMT_INTERCONNECT_EMBEDDED,
    reserved: 0,
    open: Some(open),
    connect: Some(connect),
    communicator: Some(communicator),
    start: Some(start),
    test: Some(test),
    wait: Some(wait),
    abort: Some(abort),
    disconnect: Some(disconnect),
    close: Some(close),
};

/// A communicator, seen from the world: its members' ranks, lane, and number among those of the same members and lane.
type GroupKey = (Vec<i32>, i32, usize);

#[derive(Default)]
struct State {
    exchanges: HashMap<(Arc<GroupKey>, u64), Exchange>,
    /// Ranks that have disconnected.
    gone: Vec<i32>,
    /// Why the world has ended.
    aborted: Option<String>,
}

struct World {
    state: Mutex<State>,
    changed: Condvar,
    ranks: i32,
    timeout: Duration,
    /// All threads are of one host, 0.
    host_of_rank: Vec<i32>,
}

impl World {
    /// The state. A panic under the lock was reported by whoever had it; what it left is still whole enough to end the world with.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

struct Connection {
    world: Arc<World>,
    rank: i32,
    communicators: Vec<Arc<GroupKey>>,
    /// What `communicator` handed out; they end with the connection.
    handles: Vec<*mut Communicator>,
}

struct Communicator {
    world: Arc<World>,
    key: Arc<GroupKey>,
    member: usize,
    started: u64,
}

fn unavailable(message: String) -> Failure {
    Failure { status: DMT_UNAVAILABLE, message: message.into() }
}

unsafe extern "C" fn open(_: *mut c_void, request: *const dmt_world_request, answer: *mut dmt_world) -> dmt_status {
    guard(|| {
        let (request, answer) = (kit::given(request)?, kit::given_mut(answer)?);
        if request.rank_count < 1 {
            return Err(Failure::invalid(format!("{} ranks, expected 1 or more", request.rank_count)));
        }
        let world = Arc::new(World {
            state: Mutex::default(),
            changed: Condvar::new(),
            ranks: request.rank_count,
            timeout: Duration::from_millis(request.timeout_ms.max(0) as u64),
            host_of_rank: vec![0; request.rank_count as usize],
        });
        answer.rank_count = world.ranks;
        answer.own_rank = -1;
        answer.host_of_rank = world.host_of_rank.as_ptr();
        answer.handle = Box::into_raw(Box::new(world)) as *mut c_void;
        Ok(())
    })
}

unsafe extern "C" fn close(world: *mut c_void) {
    drop(Box::from_raw(world as *mut Arc<World>));
}

unsafe extern "C" fn connect(world: *mut c_void, rank: i32, answer: *mut *mut c_void) -> dmt_status {
    guard(|| {
        let world = &*(world as *const Arc<World>);
        if !(0..world.ranks).contains(&rank) {
            return Err(Failure::invalid(format!("rank {} of {}", rank, world.ranks)));
        }
        let made = Connection { world: world.clone(), rank, communicators: vec![], handles: vec![] };
        *answer = Box::into_raw(Box::new(made)) as *mut c_void;
        Ok(())
    })
}

unsafe extern "C" fn disconnect(connection: *mut c_void) {
    let connection = Box::from_raw(connection as *mut Connection);
    for handle in connection.handles {
        drop(Box::from_raw(handle));
    }
    connection.world.lock().gone.push(connection.rank);
    connection.world.changed.notify_all();
}

unsafe extern "C" fn abort(connection: *mut c_void, message: dmt_str) {
    let connection = &*(connection as *const Connection);
    let message = String::from_utf8_lossy(bytes(message)).into_owned();
    let why = format!("rank {} gave up: {}", connection.rank, message);
    connection.world.lock().aborted.get_or_insert(why);
    connection.world.changed.notify_all();
}

unsafe extern "C" fn communicator(
    connection: *mut c_void, ranks: *const i32, count: i64, lane: i32, answer: *mut *mut c_void,
) -> dmt_status {
    guard(|| {
        let connection = &mut *(connection as *mut Connection);
        let ranks = slice(ranks, count).to_vec();
        let member = match ranks.iter().position(|rank| *rank == connection.rank) {
            Some(member) => member,
            None => return Err(Failure::invalid(format!("rank {} is not among {:?}", connection.rank, ranks))),
        };
        let is_same = |known: &&Arc<GroupKey>| known.0 == ranks && known.1 == lane;
        let number = connection.communicators.iter().filter(is_same).count();
        let key = Arc::new((ranks, lane, number));
        connection.communicators.push(key.clone());
        let made = Communicator { world: connection.world.clone(), key, member, started: 0 };
        let handle = Box::into_raw(Box::new(made));
        connection.handles.push(handle);
        *answer = handle as *mut c_void;
        Ok(())
    })
}

unsafe extern "C" fn start(handle: *mut c_void, given: *const dmt_collective, ticket: *mut u64) -> dmt_status {
    guard(|| {
        let own = &mut *(handle as *mut Communicator);
        let members = own.key.0.len();
        let part = Part::new(kit::given(given)?, members, own.member)
            .map_err(|why| Failure::invalid(format!("rank {}: {}", own.key.0[own.member], why)))?;
        let mut state = own.world.lock();
        if let Some(why) = &state.aborted {
            return Err(unavailable(why.clone()));
        }
        own.started += 1;
        let exchange = state.exchanges.entry((own.key.clone(), own.started)).or_insert_with(|| Exchange::new(members));
        exchange.parts[own.member] = Some(part);
        if exchange.is_complete() {
            own.world.changed.notify_all();
        }
        *ticket = own.started;
        Ok(())
    })
}

/// Why a collective cannot end yet.
enum Missing {
    /// It never will.
    Never(String),
    /// These ranks have not started it.
    Late(Vec<i32>),
}

impl Communicator {
    /// What keeps a collective from ending; nothing when all members have started it.
    fn what_is_missing(&self, state: &State, key: &(Arc<GroupKey>, u64)) -> Option<Missing> {
        let exchange = state.exchanges.get(key)?;
        if exchange.is_complete() {
            return None;
        }
        if let Some(why) = &state.aborted {
            return Some(Missing::Never(why.clone()));
        }
        let late = (0..self.key.0.len()).filter(|member| exchange.parts[*member].is_none());
        let late: Vec<i32> = late.map(|member| self.key.0[member]).collect();
        Some(match late.iter().find(|rank| state.gone.contains(rank)) {
            Some(rank) => Missing::Never(format!("rank {} left", rank)),
            None => Missing::Late(late),
        })
    }
}

fn not_under_way(ticket: u64) -> Failure {
    Failure::invalid(format!("ticket {} is not under way", ticket))
}

unsafe extern "C" fn test(handle: *mut c_void, ticket: u64, done: *mut i32) -> dmt_status {
    guard(|| {
        let own = &*(handle as *const Communicator);
        let state = own.world.lock();
        if let Some(why) = &state.aborted {
            return Err(unavailable(why.clone()));
        }
        match state.exchanges.get(&(own.key.clone(), ticket)) {
            Some(exchange) if exchange.is_under_way(own.member) => *done = exchange.is_complete() as i32,
            _ => return Err(not_under_way(ticket)),
        }
        Ok(())
    })
}

unsafe extern "C" fn wait(handle: *mut c_void, ticket: u64, timeout_ms: i64) -> dmt_status {
    guard(|| {
        let own = &*(handle as *const Communicator);
        let timeout = if timeout_ms > 0 { Duration::from_millis(timeout_ms as u64) } else { own.world.timeout };
        let key = (own.key.clone(), ticket);
        let mut state = own.world.lock();
        match state.exchanges.get(&key) {
            Some(exchange) if exchange.is_under_way(own.member) => {}
            _ => return Err(not_under_way(ticket)),
        }
        let deadline = Instant::now() + timeout;
        let mut result = Ok(());
        while let Some(why) = own.what_is_missing(&state, &key) {
            let now = Instant::now();
            match why {
                Missing::Never(why) => result = Err(unavailable(why)),
                Missing::Late(ranks) if now >= deadline => {
                    let ranks: Vec<String> = ranks.iter().map(|rank| format!("rank {}", rank)).collect();
                    let why = format!("{} did not arrive within {} ms", ranks.join(" and "), timeout.as_millis());
                    result = Err(unavailable(why));
                }
                Missing::Late(_) => {
                    let woken = own.world.changed.wait_timeout(state, deadline - now);
                    state = woken.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
                    continue;
                }
            }
            break;
        }
        if let Some(exchange) = state.exchanges.get_mut(&key) {
            let name = exchange.name(own.member);
            if result.is_ok() {
                result = exchange.receive(own.member).map_err(|other| {
                    Failure::invalid(format!("rank {} started another collective or other counts", own.key.0[other]))
                });
            }
            if let Err(failure) = &mut result {
                let (rank, ranks) = (own.key.0[own.member], own.key.0.len());
                failure.message =
                    format!("rank {}, {} number {} among {} ranks: {}", rank, name, ticket, ranks, failure.message).into();
            }
            if exchange.leave(own.member) {
                state.exchanges.remove(&key);
            }
        }
        result
    })
}
