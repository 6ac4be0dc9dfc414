//! The looks at the machine, at its network and at a daemon's process, as probes of [`super::gather`].

use std::path::Path;

use super::machine::{self, System};
use super::{Depth, FILES_TIMEOUT, Job, network};
use crate::doctor::Scope;
use crate::facts::machine::{MachineFacts, ProcessFacts};
use crate::facts::network::NetworkFacts;
use crate::facts::{HostFacts, LockFacts, Probed, SessionFacts};
use crate::session::state::State;

/// Where the machine is looked at.
pub(super) fn system(scope: &Scope) -> System {
    scope.stand_ins.machine.clone().map_or_else(System::default, System::at)
}

pub(super) fn machine_jobs(scope: &Scope, depth: Depth) -> Vec<Job> {
    let system = system(scope);
    let (first, second, third) = (system.clone(), system.clone(), system);
    let (mounted, measured) = (scope.root.clone(), scope.root.clone());
    let (of_programs, of_zone) = (scope.config.clone(), scope.config.clone());
    let mut jobs = vec![
        Job::new(
            FILES_TIMEOUT,
            move || machine::look(&first, MachineFacts::failed("it is looked at by another probe")),
            |reason| MachineFacts::failed(&reason),
            |seen: MachineFacts, host: &mut HostFacts, _: &mut [SessionFacts]| {
                // What lies on disks is put there by the probes below.
                let (mount, inodes, newest) =
                    (host.machine.mount.clone(), host.machine.inodes.clone(), host.machine.newest.clone());
                let (zone, programs) = (host.machine.zone.clone(), host.machine.programs.clone());
                let ports = host.machine.ports.clone();
                host.machine = MachineFacts { mount, inodes, newest, zone, programs, ports, ..seen };
            },
        ),
        Job::new(
            FILES_TIMEOUT,
            move || machine::mount(&second, &mounted),
            Probed::Failed,
            |seen, host, _| host.machine.mount = seen,
        ),
        Job::new(
            FILES_TIMEOUT,
            move || machine::inodes(&third, &measured),
            Probed::Failed,
            |seen, host, _| host.machine.inodes = seen,
        ),
        Job::new(
            FILES_TIMEOUT,
            move || Probed::Known(machine::programs(&of_programs)),
            Probed::Failed,
            |seen, host, _| host.machine.programs = seen,
        ),
        Job::new(
            FILES_TIMEOUT,
            move || Probed::Known(machine::zone(&of_zone)),
            Probed::Failed,
            |seen, host, _| host.machine.zone = seen,
        ),
    ];
    if let Ok(home) = scope.home.clone() {
        let (sessions, only_read, opens) = (scope.sessions.clone(), scope.foreign.is_some(), depth != Depth::Names);
        jobs.push(Job::new(
            FILES_TIMEOUT,
            move || machine::newest(&home, &sessions, opens, only_read),
            Probed::Failed,
            |seen, host, _| host.machine.newest = seen,
        ));
    }
    jobs
}

/// Looks at who listens on this machine, where that is wanted and nobody else connects there at the same time.
fn ports_job(scope: &Scope, host: &mut HostFacts) -> Option<Job> {
    let kind = match &scope.home {
        Ok(home) if scope.ports => home.kind(),
        Ok(_) => {
            host.machine.ports = Probed::NotApplicable("left out by request: nobody asked for them".into());
            return None;
        }
        Err(_) => {
            host.machine.ports = Probed::NotApplicable("the home does not open".into());
            return None;
        }
    };
    let config = scope.config.clone();
    Some(Job::new(
        FILES_TIMEOUT,
        move || Probed::Known(network::ports(&config, kind)),
        Probed::Failed,
        |seen, host, _| host.machine.ports = seen,
    ))
}

/// Looks at servers that settings name and at proxies; the endpoint has its own turn, [`endpoint_job`].
pub(super) fn network_jobs(scope: &Scope, depth: Depth, host: &mut HostFacts) -> Vec<Job> {
    let kind = match &scope.home {
        Err(_) => Err("the home does not open, so nobody knows whether it may reach anything"),
        Ok(_) if scope.config_problem.is_some() => {
            Err("the settings do not load, and may say that nothing beyond this machine is to be talked to")
        }
        Ok(_) if scope.offline => Err("left out by request: nothing beyond this machine was to be talked to"),
        Ok(_) if depth != Depth::Full => Err("only the surface was to be looked at"),
        Ok(home) => Ok(home.kind()),
    };
    let kind = match kind {
        Ok(kind) => kind,
        Err(reason) => {
            host.network = NetworkFacts::not_looked_at(reason);
            return ports_job(scope, host).into_iter().collect();
        }
    };
    host.machine.ports = Probed::NotApplicable("wpp.network.servers connects there".into());
    let servers = network::named(&scope.config, kind);
    let of_servers = Job::new(
        network::TIMEOUT,
        move || Probed::Known(network::servers(&servers)),
        Probed::Failed,
        |seen, host, _| host.network.servers = seen,
    );
    let of_proxies = Job::new(
        network::TIMEOUT,
        move || Probed::Known(network::proxies(kind)),
        Probed::Failed,
        |seen, host, _| host.network.proxies = seen,
    );
    vec![of_servers, of_proxies]
}

/// Looks at the endpoint, unless a daemon is connected to it or nobody wanted that.
pub(super) fn endpoint_job(scope: &Scope, host: &mut HostFacts, sessions: &[SessionFacts]) -> Option<Job> {
    if matches!(host.network.endpoint, Probed::NotApplicable(_)) {
        return None;
    }
    let is_ready = |session: &&SessionFacts| session.status().is_some_and(|status| status.state == State::Ready);
    if let Some(session) = sessions.iter().find(is_ready) {
        let reason = format!("the daemon of {} is READY", session.name);
        host.network.endpoint = Probed::NotApplicable(reason.clone());
        host.network.plain = Probed::NotApplicable(reason);
        return None;
    }
    let (home, stand_in) = (scope.home.as_ref().ok()?.clone(), scope.stand_ins.endpoint.clone());
    Some(Job::new(
        network::TIMEOUT,
        move || network::endpoint(&home, stand_in.as_deref()),
        |reason| (Probed::Failed(reason.clone()), Probed::Failed(reason)),
        |(endpoint, plain), host, _| (host.network.endpoint, host.network.plain) = (endpoint, plain),
    ))
}

/// The daemon's process, by the lock that it holds.
pub(super) fn look_at_process(lock: &Probed<LockFacts>, system: &System, path: &Path) -> Probed<ProcessFacts> {
    match lock {
        Probed::Known(LockFacts::Held { owner: Some(owner) }) if owner.role == "daemon" => {
            machine::process(system, owner.pid, path)
        }
        Probed::Known(_) => Probed::NotApplicable("no daemon runs".into()),
        Probed::Failed(reason) => Probed::Failed(reason.clone()),
        Probed::NotApplicable(reason) => Probed::NotApplicable(reason.clone()),
    }
}
