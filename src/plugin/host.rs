//! Runs components. The only file that names wasmtime.
//!
//! Imports [`super::cache`] and [`super::powers`]. Start with [`Host::new`] and [`Host::load`]. A plugin
//! has what [`Powers`] holds and nothing beside it. Each call gets an instance of its own, so that one
//! call can leave nothing for the next, and one that was ended cannot do harm any more. What a guest
//! may take is in [`Limits`]: time, also while it waits for a call of its own to be answered; memory
//! and tables; and how much it may hand over.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use wasmtime::component::{Component, HasSelf, InstancePre, Linker, Val};
use wasmtime::{Config, Enabled, Engine, PoolingAllocationConfig, ResourceLimiter, Store, Trap};

use super::cache::Cache;
pub use super::contract::{Interface, VERSION};
use super::contract::{PACKAGE, built_for, is_check_id, of_wasi, offered};
use super::powers::{Heard, Powers};
use crate::error::{Context as _, Error, ErrorKind, Result};

#[expect(missing_docs, reason = "the contract documents them, and these are generated from it")]
mod bindings {
    wasmtime::component::bindgen!({
        path: "src/plugin/wpp.wit",
        world: "gateway",
        imports: { default: async },
        exports: { default: async },
    });
}

/// The contract's words, as plain data.
pub mod words {
    pub use super::bindings::exports::wpp::plugin::{channel, checks, sessions, webhooks};
    pub use super::bindings::wpp::plugin::{http, log, types};
}

use bindings::exports::wpp::plugin as exports;
use bindings::wpp::plugin as imports;

/// What a call may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From its start to its end, whatever it waits for.
    pub deadline: Duration,
    /// Bytes of all memories of the plugin together.
    pub memory_bytes: usize,
    /// Elements of all tables of the plugin together.
    pub table_elements: usize,
    /// Bytes that it may hand over in one call or one answer.
    pub output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { deadline: Duration::from_secs(30), memory_bytes: 64 << 20, table_elements: 20_000, output_bytes: 4 << 20 }
    }
}

/// A version of the contract that is hosted, with what of it is bound to the engine.
#[derive(Clone, Copy)]
struct Contract {
    version: &'static str,
    /// Gives its interfaces to plugins.
    give: fn(&mut Linker<State>) -> wasmtime::Result<()>,
    /// Whether what a plugin exports under the name of an interface has the shape of this version.
    fits: fn(&InstancePre<State>, Interface) -> wasmtime::Result<()>,
}

/// Every version, the newest last. One more has bindings of its own, a line here, and an arm for its calls in
/// [`Plugin`].
const CONTRACTS: &[Contract] = &[Contract {
    version: VERSION,
    give: |linker| {
        imports::types::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
        imports::log::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
        imports::clock::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
        imports::config::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
        imports::http::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
    },
    fits: |linked, interface| match interface {
        Interface::Checks => exports::checks::GuestIndices::new(linked).map(drop),
        Interface::Channel => exports::channel::GuestIndices::new(linked).map(drop),
        Interface::Sessions => exports::sessions::GuestIndices::new(linked).map(drop),
        Interface::Webhooks => exports::webhooks::GuestIndices::new(linked).map(drop),
    },
}];

/// The engine, and what it gives to plugins.
pub struct Host {
    engine: Engine,
    contracts: &'static [Contract],
    linker: Linker<State>,
    limits: Limits,
    ticker: Arc<Ticker>,
    turns: Arc<Semaphore>,
}

/// How often a guest that computes is made to look up, and others get their turn.
const TICK: Duration = Duration::from_millis(10);

/// Bytes of the stack that a call runs on, the host's functions that it calls among it.
const STACK_BYTES: usize = 1 << 20;
/// Bytes of a plugin's memory that are cleared by hand after a call, instead of given back to the
/// system and asked for again.
const KEPT_BYTES: usize = 128 << 10;
/// How many calls run at one time; more of them wait for their turn.
const CALLS_MAX: u32 = 32;
/// How many modules, and tables, one plugin may be made of.
const PARTS_MAX: u32 = 64;
/// How many memories one plugin may have.
const MEMORIES_MAX: u32 = 8;

/// Elements that a table has room for.
const TABLE_ROOM: usize = 2_000_000;

/// Bytes that a memory has room for. There is more of it than may be used: who wants too much is told
/// so in one way, and only what is hopeless is refused before it begins.
fn room_bytes(limits: Limits) -> usize {
    limits.memory_bytes.saturating_mul(4).max(256 << 20)
}

/// Room for instances, reserved once and used again: to map and unmap memory for each call takes
/// several times as long as the call. What a call leaves in it is cleared before the next.
fn pool(limits: Limits) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(CALLS_MAX)
        .total_core_instances(CALLS_MAX * PARTS_MAX)
        .total_tables(CALLS_MAX * PARTS_MAX)
        .total_memories(CALLS_MAX * MEMORIES_MAX)
        .total_stacks(CALLS_MAX)
        .max_core_instance_size(16 << 20)
        .max_component_instance_size(16 << 20)
        .max_memories_per_module(MEMORIES_MAX)
        .max_tables_per_module(PARTS_MAX)
        .max_memory_size(room_bytes(limits))
        .table_elements(limits.table_elements.max(TABLE_ROOM))
        .linear_memory_keep_resident(KEPT_BYTES)
        .table_keep_resident(KEPT_BYTES)
        .pagemap_scan(Enabled::Auto);
    pool
}

fn engine(limits: Limits) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.wasm_component_model(true).epoch_interruption(true).memory_init_cow(true);
    config.max_wasm_stack(512 << 10).async_stack_size(STACK_BYTES);
    // Bounds are checked in code and not by guard pages: these want gigabytes of addresses for each
    // memory, which not every system gives, and several calls of the system for each call of a plugin.
    config.memory_reservation(room_bytes(limits) as u64).memory_reservation_for_growth(0).memory_guard_size(0);
    config.allocation_strategy(pool(limits));
    Engine::new(&config)
}

impl Host {
    /// Makes the engine.
    pub fn new(limits: Limits) -> Result<Host> {
        Host::hosting(CONTRACTS, limits)
    }

    // What a version gives has that version in its name, so that all of them are given side by side.
    fn hosting(contracts: &'static [Contract], limits: Limits) -> Result<Host> {
        let engine = engine(limits).map_err(|error| broken("cannot start the engine of plugins", &error))?;
        let mut linker = Linker::new(&engine);
        for contract in contracts {
            (contract.give)(&mut linker).map_err(|error| broken("cannot offer anything to plugins", &error))?;
        }
        let ticker = Ticker::start(&engine)?;
        let turns = Arc::new(Semaphore::new(CALLS_MAX as usize));
        Ok(Host { engine, contracts, linker, limits, ticker, turns })
    }

    /// What compiled code depends on beside the component: the engine's version and settings.
    pub fn compatibility(&self) -> u64 {
        use std::hash::{Hash as _, Hasher as _};
        let mut hasher = std::hash::DefaultHasher::new();
        self.engine.precompile_compatibility_hash().hash(&mut hasher);
        hasher.finish()
    }

    /// Compiles a component, or takes what was compiled before.
    pub fn load(&self, name: &str, bytes: &[u8], cache: Option<&Cache>) -> Result<Plugin> {
        if bytes.get(..8).is_none_or(|start| !start.starts_with(b"\0asm")) {
            return Err(refused(name, "it is no WebAssembly").hint("give the .wasm file that the plugin's build wrote"));
        }
        if bytes[4..8] == [1, 0, 0, 0] {
            return Err(refused(name, "it is a core module and no component")
                .hint("build it with `wpp plugin build`, or make a component of it with `wasm-tools component new`"));
        }
        let component = match cache.and_then(|cache| cache.get(bytes, self.compatibility())) {
            Some(compiled) => self.trusted(&compiled),
            None => None,
        };
        let component = match component {
            Some(component) => component,
            None => {
                let component = Component::new(&self.engine, bytes).map_err(|error| {
                    refused(name, "it cannot be compiled")
                        .caused_by(std::io::Error::other(format!("{error:#}")))
                        .hint("build it again with a current toolchain; `wpp plugin build` does")
                })?;
                if let (Some(cache), Ok(compiled)) = (cache, component.serialize()) {
                    cache.put(bytes, self.compatibility(), &compiled);
                }
                component
            }
        };
        self.link(name, &component)
    }

    // Compiled code is code: it runs as it is. What the cache gives was written by this user with a
    // mode of 0600 in a folder of 0700, and its hash was compared with the one that was noted.
    #[expect(unsafe_code, reason = "the engine cannot check compiled code; the cache did what can be done")]
    fn trusted(&self, compiled: &[u8]) -> Option<Component> {
        // SAFETY: these are bytes that `Component::serialize` gave to `Cache::put`, by the contract of
        // `Cache::get`. An engine of another version or with other settings refuses them.
        unsafe { Component::deserialize(&self.engine, compiled) }.ok()
    }

    /// WASI with nothing in it: no environment, no arguments and no folders; whoever calls anything else
    /// of it is ended.
    fn with_wasi(&self, component: &Component, imports: &[String]) -> Result<Linker<State>> {
        let mut linker = self.linker.clone();
        let mut fill = || -> wasmtime::Result<()> {
            for import in imports.iter().filter(|import| of_wasi(import)) {
                let empty: &[&str] = match import.split('@').next() {
                    Some("wasi:cli/environment") => &["get-environment", "get-arguments"],
                    Some("wasi:filesystem/preopens") => &["get-directories"],
                    _ => continue,
                };
                let mut instance = linker.instance(import)?;
                for function in empty {
                    instance.func_new(function, |_, _, _, results| {
                        results.fill(Val::List(Vec::new()));
                        Ok(())
                    })?;
                }
            }
            linker.define_unknown_imports_as_traps(component)
        };
        match fill() {
            Ok(()) => Ok(linker),
            Err(error) => Err(broken("cannot offer an empty WASI to a plugin", &error)),
        }
    }

    fn link(&self, name: &str, component: &Component) -> Result<Plugin> {
        let kind = component.component_type();
        let names: Vec<String> = kind.imports(&self.engine).map(|(name, _)| name.to_owned()).collect();
        let exports: Vec<String> = kind.exports(&self.engine).map(|(name, _)| name.to_owned()).collect();
        let hosted: Vec<&'static str> = self.contracts.iter().map(|contract| contract.version).collect();
        let version = built_for(&names, &exports, &hosted).map_err(|(why, hint)| refused(name, why).hint(hint))?;
        // One that has nothing of the contract is judged by the newest.
        let contract = self.contracts.iter().rfind(|contract| version.is_none_or(|version| contract.version == version));
        let Some(contract) = contract else {
            return Err(refused(name, "this wpp hosts no version of the contract").hint("report this as a bug of wpp"));
        };
        let version = contract.version;
        let given = |import: &str| offered(import, version) || of_wasi(import);
        let foreign: Vec<&str> = names.iter().map(String::as_str).filter(|import| !given(import)).collect();
        if !foreign.is_empty() {
            return Err(refused(name, format!("it asks for {}, which no plugin is given", foreign.join(", ")))
                .hint(format!("a plugin is given log, clock, config and http of {PACKAGE}*@{version}")));
        }
        let interfaces: Vec<Interface> = Interface::ALL
            .into_iter()
            .filter(|interface| exports.contains(&format!("{PACKAGE}{}@{version}", interface.name())))
            .collect();
        if interfaces.is_empty() {
            let what = if exports.is_empty() { "nothing".into() } else { exports.join(", ") };
            return Err(refused(name, format!("it offers {what}, and no interface of {PACKAGE}*@{version}"))
                .hint("build it against the contract that `wpp plugin new` writes down"));
        }
        let fit = |linked: InstancePre<State>| -> wasmtime::Result<InstancePre<State>> {
            interfaces.iter().try_for_each(|interface| (contract.fits)(&linked, *interface))?;
            Ok(linked)
        };
        let linker =
            if names.iter().any(|import| of_wasi(import)) { self.with_wasi(component, &names)? } else { self.linker.clone() };
        let linked = linker.instantiate_pre(component).and_then(fit).map_err(|error| {
            refused(name, "it does not fit the contract")
                .caused_by(std::io::Error::other(format!("{error:#}")))
                .hint(format!("build it against version {version} of the contract"))
        })?;
        Ok(Plugin {
            name: name.to_owned(),
            contract: version,
            linked,
            interfaces,
            imports: names,
            limits: self.limits,
            ticker: Arc::clone(&self.ticker),
            turns: Arc::clone(&self.turns),
        })
    }
}

fn refused(name: &str, why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Denied, format!("the plugin {name} cannot be used: {why}"))
}

fn broken(what: &str, error: &wasmtime::Error) -> Error {
    Error::new(ErrorKind::Unexpected, what.to_owned())
        .caused_by(std::io::Error::other(format!("{error:#}")))
        .hint("report this as a bug of wpp")
}

/// The clock of deadlines: one thread for each host, which advances the epochs of the engine while
/// somebody computes, and waits once nobody has done so for a while: to wake it takes as long as a
/// short call does. It ends with the host and its plugins.
struct Ticker {
    shared: Arc<(Mutex<Ticks>, Condvar)>,
}

#[derive(Default)]
struct Ticks {
    running: usize,
    waiting: bool,
    ended: bool,
}

/// After so many ticks in which nobody computed the clock waits to be woken.
const IDLE_TICKS: u32 = 20;

impl Ticker {
    fn start(engine: &Engine) -> Result<Arc<Ticker>> {
        let shared: Arc<(Mutex<Ticks>, Condvar)> = Arc::default();
        let (theirs, engine) = (Arc::clone(&shared), engine.weak());
        let tick = move || {
            let mut idle_ticks = IDLE_TICKS;
            loop {
                let mut ticks = lock(&theirs.0);
                idle_ticks = if ticks.running == 0 { idle_ticks + 1 } else { 0 };
                if idle_ticks >= IDLE_TICKS {
                    ticks.waiting = true;
                    ticks = theirs
                        .1
                        .wait_while(ticks, |ticks| ticks.running == 0 && !ticks.ended)
                        .unwrap_or_else(PoisonError::into_inner);
                    ticks.waiting = false;
                    idle_ticks = 0;
                }
                if ticks.ended {
                    return;
                }
                drop(ticks);
                std::thread::sleep(TICK);
                let Some(engine) = engine.upgrade() else { return };
                engine.increment_epoch();
            }
        };
        std::thread::Builder::new()
            .name("plugin-ticker".into())
            .spawn(tick)
            .while_doing(|| "cannot start the clock that ends plugins".into())?;
        Ok(Arc::new(Ticker { shared }))
    }

    /// Ticks as long as what it gives is there.
    fn tick(&self) -> impl Drop + use<> {
        struct Ticking(Arc<(Mutex<Ticks>, Condvar)>);
        impl Drop for Ticking {
            fn drop(&mut self) {
                lock(&self.0.0).running -= 1;
            }
        }
        let mut ticks = lock(&self.shared.0);
        ticks.running += 1;
        if ticks.waiting {
            self.shared.1.notify_one();
        }
        drop(ticks);
        Ticking(Arc::clone(&self.shared))
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        lock(&self.shared.0).ended = true;
        self.shared.1.notify_one();
    }
}

fn lock(ticks: &Mutex<Ticks>) -> MutexGuard<'_, Ticks> {
    ticks.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A component that is ready to be called.
pub struct Plugin {
    name: String,
    contract: &'static str,
    linked: InstancePre<State>,
    interfaces: Vec<Interface>,
    imports: Vec<String>,
    limits: Limits,
    ticker: Arc<Ticker>,
    turns: Arc<Semaphore>,
}

/// What a call gave, and what was heard meanwhile.
#[derive(Debug)]
pub struct Called<T> {
    /// What the plugin answered, or how it was ended.
    pub answer: Result<T>,
    /// What it wrote to the log, and what it was denied.
    pub heard: Heard,
    /// How long its own function ran, without the making of its instance; none if it never began or
    /// was ended.
    pub took: Option<Duration>,
}

// One line for each function of the contract: a call with an instance of its own.
macro_rules! calls {
    ($($(#[$doc:meta])* $visible:vis $method:ident($($argument:ident: $kind:ty),*) -> $answer:ty = $interface:ident.$call:ident($($value:expr),*);)*) => {
        impl Plugin {
            $($(#[$doc])*
            $visible async fn $method(&self, powers: Powers $(, $argument: $kind)*) -> Called<$answer> {
                self.call(powers, concat!(stringify!($interface), ".", stringify!($call)), async |store, linked| {
                    let indices = exports::$interface::GuestIndices::new(linked)?;
                    let instance = linked.instantiate_async(&mut *store).await?;
                    let guest = indices.load(&mut *store, &instance)?;
                    let begun = Instant::now();
                    let answer = guest.$call(&mut *store $(, $value)*).await?;
                    Ok((answer, begun.elapsed()))
                })
                .await
            })*
        }
    };
}

type Answer<T> = std::result::Result<T, words::types::Failure>;

calls! {
    /// The checks that it has, by its own names for them.
    described() -> Vec<words::checks::Check> = checks.call_describe();
    /// Judges these checks, or all, by its own names for them.
    judged(only: &[String]) -> Vec<words::checks::Outcome> = checks.call_run(only);
    /// What kind of channel it is, and what it needs.
    pub describe() -> words::channel::Description = channel.call_describe();
    /// How the system behind it is.
    pub health() -> Answer<words::channel::Wellness> = channel.call_health();
    /// Sends a message.
    pub send(message: &words::channel::Message) -> Answer<words::channel::Receipt> = channel.call_send(message);
    /// All sessions.
    pub sessions() -> Answer<Vec<words::sessions::Session>> = sessions.call_list();
    /// One session.
    pub status(session: &str) -> Answer<words::sessions::Session> = sessions.call_status(session);
    /// Starts a session.
    pub start(session: &str) -> Answer<()> = sessions.call_start(session);
    /// Stops a session.
    pub stop(session: &str) -> Answer<()> = sessions.call_stop(session);
    /// Restarts a session.
    pub restart(session: &str) -> Answer<()> = sessions.call_restart(session);
    /// Unlinks a session from its phone.
    pub logout(session: &str) -> Answer<()> = sessions.call_logout(session);
    /// Asks for what links a session, for the first time (0) or once more.
    pub link(session: &str, way: &words::sessions::Way, attempt: u32) -> Answer<words::sessions::Offer>
        = sessions.call_link(session, way, attempt);
    /// All webhooks.
    pub webhooks() -> Answer<Vec<words::webhooks::Webhook>> = webhooks.call_list();
    /// Sends a test event.
    pub webhook_test(id: &str) -> Answer<String> = webhooks.call_test(id);
    /// Deliveries that failed.
    pub webhook_failures() -> Answer<Vec<words::webhooks::Delivery>> = webhooks.call_failures();
    /// Turns a webhook on.
    pub webhook_enable(id: &str) -> Answer<()> = webhooks.call_enable(id);
    /// Turns a webhook off.
    pub webhook_disable(id: &str) -> Answer<()> = webhooks.call_disable(id);
    /// Delivers a failed event again.
    pub webhook_retry(delivery: &str) -> Answer<()> = webhooks.call_retry(delivery);
}

impl Plugin {
    /// The checks that it has. Their ids begin with what operators call the plugin.
    pub async fn checks(&self, powers: Powers) -> Called<Vec<words::checks::Check>> {
        let Called { answer, heard, took } = self.described(powers).await;
        let answer = answer.and_then(|mut checks| {
            let mut known = std::collections::BTreeSet::new();
            for check in &mut checks {
                if !is_check_id(&check.id) || !known.insert(check.id.clone()) {
                    let why = format!("the id {:?} of a check is not AREA.WHAT, or is there twice", check.id);
                    return Err(self.unknown("checks.describe", why));
                }
                check.id = format!("{}.{}", self.name, check.id);
            }
            Ok(checks)
        });
        Called { answer, heard, took }
    }

    /// Judges these checks, or all. Their ids begin with what operators call the plugin.
    pub async fn judge(&self, powers: Powers, only: &[String]) -> Called<Vec<words::checks::Outcome>> {
        let own = format!("{}.", self.name);
        let only: Vec<String> = only.iter().map(|id| id.strip_prefix(&own).unwrap_or(id).to_owned()).collect();
        let Called { answer, heard, took } = self.judged(powers, &only).await;
        let answer = answer.map(|mut outcomes| {
            outcomes.iter_mut().for_each(|outcome| outcome.check.insert_str(0, &own));
            outcomes
        });
        Called { answer, heard, took }
    }

    /// What operators call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version of the contract that it was built for.
    pub fn contract(&self) -> &'static str {
        self.contract
    }

    /// What it exports.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// What it imports: its manifest of powers.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    async fn call<T>(
        &self,
        powers: Powers,
        what: &str,
        call: impl AsyncFnOnce(&mut Store<State>, &InstancePre<State>) -> wasmtime::Result<(T, Duration)>,
    ) -> Called<T> {
        // Nobody closes it, and then there would be room.
        let _turn = self.turns.acquire().await;
        let meter = Meter { limits: self.limits, memory_bytes: 0, table_elements: 0 };
        let mut store = Store::new(self.linked.engine(), State { powers, meter });
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(self.limits.output_bytes);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        let ticking = self.ticker.tick();
        let ended = tokio::time::timeout(self.limits.deadline, call(&mut store, &self.linked)).await;
        drop(ticking);
        let (answer, took) = match ended {
            Ok(Ok((answer, took))) => (Ok(answer), Some(took)),
            Ok(Err(error)) => (Err(self.ended(what, &error)), None),
            Err(_) => (Err(self.unknown(what, format!("it took longer than {} ms", self.limits.deadline.as_millis()))), None),
        };
        // The instance goes with the store: after a trap nothing of it may be used again.
        let State { powers, meter } = store.into_data();
        Called { answer, heard: powers.heard(meter.memory_bytes), took }
    }

    fn ended(&self, what: &str, error: &wasmtime::Error) -> Error {
        let text = format!("{error:#}");
        if let Some(excess) = error.downcast_ref::<Excess>() {
            return self.unknown(what, excess);
        }
        let why = match error.downcast_ref::<Trap>() {
            Some(Trap::StackOverflow) => "its stack is full".to_owned(),
            Some(Trap::UnreachableCodeReached) => "it gave up (a panic, or what its language calls so)".to_owned(),
            Some(trap) => format!("it was ended: {trap}"),
            None if text.contains("fuel") => {
                format!("it hands over more than {}", crate::report::size(self.limits.output_bytes as u64))
            }
            // The engine's words; what follows them says where in the component, which helps nobody here.
            None => error.root_cause().to_string(),
        };
        self.unknown(what, why)
    }

    fn unknown(&self, what: &str, why: impl std::fmt::Display) -> Error {
        // `sessions.call_list`, as it is called here, is `sessions.list`.
        let what = what.replacen("call_", "", 1).replace('_', "-");
        Error::new(ErrorKind::Unknown, format!("the plugin {} was ended while it did `{what}`: {why}", self.name)).hint(format!(
            "tell its author; `wpp plugin info {0}` says who, and `wpp plugin remove {0}` goes on without it",
            self.name
        ))
    }
}

/// What belongs to one instance.
struct State {
    powers: Powers,
    meter: Meter,
}

/// What an instance may take, and what it took, all its memories and tables counted together.
struct Meter {
    limits: Limits,
    memory_bytes: usize,
    table_elements: usize,
}

/// Why an instance was not given more.
#[derive(Debug)]
enum Excess {
    MemoryBytes(usize),
    TableElements(usize),
}

impl std::fmt::Display for Excess {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Excess::MemoryBytes(most) => write!(formatter, "it wants more than {} of memory", crate::report::size(most as u64)),
            Excess::TableElements(most) => write!(formatter, "it wants tables of more than {most} elements"),
        }
    }
}

impl std::error::Error for Excess {}

// Who wants too much is ended, and not told so: most languages give up then anyway.
impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let all = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        if all > self.limits.memory_bytes {
            return Err(wasmtime::Error::new(Excess::MemoryBytes(self.limits.memory_bytes)));
        }
        self.memory_bytes = all;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(error)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let all = self.table_elements.saturating_add(desired.saturating_sub(current));
        if all > self.limits.table_elements {
            return Err(wasmtime::Error::new(Excess::TableElements(self.limits.table_elements)));
        }
        self.table_elements = all;
        Ok(true)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(error)
    }

    fn instances(&self) -> usize {
        PARTS_MAX as usize
    }

    fn tables(&self) -> usize {
        PARTS_MAX as usize
    }

    fn memories(&self) -> usize {
        MEMORIES_MAX as usize
    }
}

impl imports::types::Host for State {}

impl imports::log::Host for State {
    async fn write(&mut self, level: imports::log::Level, message: String) {
        self.powers.write(level, message);
    }
}

impl imports::clock::Host for State {
    async fn now_ms(&mut self) -> u64 {
        self.powers.now_ms()
    }

    async fn monotonic_ms(&mut self) -> u64 {
        self.powers.monotonic_ms()
    }

    async fn sleep_ms(&mut self, ms: u32) {
        self.powers.sleep(Duration::from_millis(ms.into())).await;
    }
}

impl imports::config::Host for State {
    async fn name(&mut self) -> String {
        self.powers.name().to_owned()
    }

    async fn get(&mut self, name: String) -> Option<String> {
        self.powers.setting(&name)
    }
}

impl imports::http::Host for State {
    async fn send(
        &mut self,
        request: imports::http::Request,
    ) -> std::result::Result<imports::http::Response, imports::http::Error> {
        self.powers.send(request).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::grants::Grants;
    use super::super::http::Http;
    use super::super::secrets::Secrets;
    use super::*;

    /// A second version of the contract, made up, with interfaces of the old names and another shape.
    mod second {
        wasmtime::component::bindgen!({
            inline: "package wpp:plugin@0.2.0;
                interface clock { ticks: func() -> u32; }
                interface checks { count: func() -> u32; }
                world gateway { import clock; export checks; }",
            imports: { default: async },
            exports: { default: async },
        });
    }

    impl second::wpp::plugin::clock::Host for State {
        async fn ticks(&mut self) -> u32 {
            41
        }
    }

    const BOTH: &[Contract] = &[
        CONTRACTS[0],
        Contract {
            version: "0.2.0",
            give: |linker| second::wpp::plugin::clock::add_to_linker::<_, HasSelf<State>>(linker, |state| state),
            fits: |linked, interface| match interface {
                Interface::Checks => second::exports::wpp::plugin::checks::GuestIndices::new(linked).map(drop),
                _ => Ok(()),
            },
        },
    ];

    /// A component of the second version: it counts one more than the host's ticks.
    fn of_second(export: &str) -> Vec<u8> {
        let text = r#"(component
            (import "wpp:plugin/clock@0.2.0" (instance $clock (export "ticks" (func (result u32)))))
            (core func $ticks (canon lower (func $clock "ticks")))
            (core module $m
                (import "clock" "ticks" (func $ticks (result i32)))
                (func (export "count") (result i32) (i32.add (call $ticks) (i32.const 1))))
            (core instance $i (instantiate $m (with "clock" (instance (export "ticks" (func $ticks))))))
            (func $count (result u32) (canon lift (core func $i "count")))
            (instance $checks (export "count" (func $count)))
            (export "EXPORT" (instance $checks)))"#;
        wat::parse_str(text.replace("EXPORT", export)).unwrap()
    }

    fn powers(limits: Limits) -> Powers {
        let secrets = Arc::new(Secrets::new(std::path::Path::new("/nowhere"), &Default::default()));
        let http = Http::new("x", Grants::default(), secrets, false, limits.output_bytes);
        Powers::new(Arc::default(), Arc::new(http), limits.deadline)
    }

    #[test]
    fn a_second_version_of_the_contract_is_hosted_beside_the_first_and_each_plugin_has_its_own() {
        let limits = Limits::default();
        let host = Host::hosting(BOTH, limits).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let old = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/hostile/hostile.wasm")).unwrap();
        let old = host.load("old", &old, None).unwrap();
        let new = host.load("new", &of_second("wpp:plugin/checks@0.2.0"), None).unwrap();
        assert_eq!((old.contract(), new.contract()), ("0.1.0", "0.2.0"));
        assert_eq!((old.interfaces(), new.interfaces()), (&[Interface::Checks][..], &[Interface::Checks][..]));
        assert!(!runtime.block_on(old.checks(powers(limits))).answer.unwrap().is_empty());
        let count = async |store: &mut Store<State>, linked: &InstancePre<State>| {
            let indices = second::exports::wpp::plugin::checks::GuestIndices::new(linked)?;
            let instance = linked.instantiate_async(&mut *store).await?;
            let guest = indices.load(&mut *store, &instance)?;
            Ok((guest.call_count(&mut *store).await?, Duration::ZERO))
        };
        assert_eq!(runtime.block_on(new.call(powers(limits), "checks.count", count)).answer.unwrap(), 42);
        // An interface of one version with powers of the other is neither.
        let error = host.load("mixed", &of_second("wpp:plugin/checks@0.1.0"), None).err().unwrap();
        assert!(error.chain().contains("mixes the versions 0.1.0 and 0.2.0"), "{}", error.chain());
        // Today's wpp says which version it wants and which ones there are.
        let today = Host::new(limits).unwrap();
        let error = today.load("new", &of_second("wpp:plugin/checks@0.2.0"), None).err().unwrap();
        let told = format!("{} {:?}", error.chain(), error.hints());
        assert!(error.kind() == ErrorKind::Denied && told.contains("built for version 0.2.0"), "{told}");
        assert!(told.contains("this wpp hosts 0.1.0") && told.contains("against version 0.1.0"), "{told}");
    }

    #[test]
    fn one_clock_ticks_for_all_calls_and_ends_with_its_host() {
        let host = Host::new(Limits::default()).unwrap();
        let shared = Arc::downgrade(&host.ticker.shared);
        for _ in 0..50 {
            drop((host.ticker.tick(), host.ticker.tick()));
        }
        // The host's, and that of its one thread.
        assert_eq!(shared.strong_count(), 2);
        assert_eq!(lock(&host.ticker.shared.0).running, 0);
        drop(host);
        while shared.strong_count() > 0 {
            std::thread::sleep(TICK);
        }
    }
}
