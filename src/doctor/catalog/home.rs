//! Rows of the home, its schedule and its notices.

use crate::doctor::Judge::Host;
use crate::doctor::{Check, alert, copies, host, schedule, security};
use crate::report::Severity::{Error, Warning};

const HYGIENE: Option<&str> = Some("runbooks/security-hygiene.md");
const ROOM: Option<&str> = Some("runbooks/disk-space.md");

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "wpp.home.marker",
        title: "the home opens",
        area: "home",
        severity: Error,
        needs: &[],
        runbook: None,
        explain: "home.json says whether the sessions of this home may reach WhatsApp (live) or only loopback addresses \
                  (sandbox). Without it wpp refuses to run anything, because a copy of a sandbox must never turn into a live \
                  home. No archive of wpp holds the file.",
        mend: "Take home.json from a backup of the whole home. Without one, make a new home and bring the archives back there \
               with `wpp restore ARCHIVE`.",
        judge: Host(host::marker),
    },
    Check {
        id: "wpp.home.settings",
        title: "the settings load",
        area: "home",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: None,
        explain: "config.toml and the WPP_* variables may hold known settings only, each with a value of its kind. While they \
                  do not load, commands that need them refuse to run; the doctor goes on with the defaults and stays on this \
                  machine.",
        mend: "Correct the line of config.toml that is named, or `unset` the variable; `wpp config` then shows what holds.",
        judge: Host(host::settings),
    },
    Check {
        id: "wpp.home.plugins",
        title: "what is noted of plugins can be read",
        area: "home",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: None,
        explain: "plugins.lock says which plugins the home has, the SHA-256 of each and what was granted to these bytes. While \
                  it cannot be read no plugin is used, and no gateway behind one is looked at.",
        mend: "Take plugins.lock from a backup of the whole home, or move it away and add each plugin again with `wpp plugin \
               add FILE`.",
        judge: Host(host::plugins),
    },
    Check {
        id: "wpp.home.modes",
        title: "the home is closed to other users",
        area: "home",
        severity: Error,
        needs: &[],
        runbook: HYGIENE,
        explain: "Folders are 0700 and files 0600. An archive holds the session's credentials: one that others can read is \
                  critical. Other files that are open inside a closed folder are worth knowing, no more.",
        mend: "`chmod 0700 FOLDER` and `chmod 0600 FILE` for what is named, or `wpp doctor --fix`. Link anew with `wpp reauth` \
               if somebody may have read an archive.",
        judge: Host(security::home_modes),
    },
    Check {
        id: "wpp.home.owners",
        title: "the home belongs to the user that runs wpp",
        area: "home",
        severity: Error,
        needs: &[],
        runbook: HYGIENE,
        explain: "Everything in the home belongs to one user, the one that runs the daemons. A command run once with sudo \
                  leaves files that the daemon can no longer open. wpp never changes owners by itself.",
        mend: "Give back what is named with `sudo chown -h OWNER FILE`, and run wpp as that user.",
        judge: Host(security::home_owners),
    },
    Check {
        id: "wpp.home.writable",
        title: "the home can be written to",
        area: "host",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: ROOM,
        explain: "A page is written to a file without a name and forced to the disk, which a full disk, a quota, a read-only mount \
                  and a wrong mode all refuse. Nothing is left behind. Of the databases the system is asked whether an attribute \
                  or a mount of their own forbids writing to them.",
        mend: "See with `df -h` whether the disk is full, with `findmnt --target FOLDER` whether it is mounted read-only, and \
               with `ls -ld FOLDER` whose it is; free space, mount it writable, or give it back with `sudo chown`.",
        judge: Host(host::writable),
    },
    Check {
        id: "wpp.home.disk-space",
        title: "there is room on the disk",
        area: "host",
        severity: Warning,
        needs: &["wpp.home.marker"],
        runbook: ROOM,
        explain: "Less free space than doctor.disk_free_percent_min is a warning; less than a tenth of that, or less than 64 MiB, \
                  is an error: SQLite can then lose its next write, and no backup fits.",
        mend: "See with `du -xh ~/.wpp | sort -h | tail` what takes it. `wpp backup prune` and `wpp backup prune --set-aside \
               --older-than 30d` free what wpp itself no longer needs.",
        judge: Host(host::disk_space),
    },
    Check {
        id: "wpp.home.journal",
        title: "the journal can be used",
        area: "home",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: None,
        explain: "ops.db records what was done to every session: restores that were cut off, starts, connects. Its pages are read, and \
                  its tables must be those of its version. A home in which a session was linked had one. Without it wpp cannot \
                  finish or undo what was interrupted, nor prove that an archive's Signal state is still the newest.",
        mend: "`ls -la ~/.wpp` shows the owner and the mode of ops.db; mend them first. If it is damaged, `wpp stop` every \
               daemon, move ops.db, ops.db-wal and ops.db-shm together into a folder beside it, and keep that: the next \
               command begins a new journal.",
        judge: Host(host::journal),
    },
    Check {
        id: "wpp.home.default-session",
        title: "the chosen session exists",
        area: "home",
        severity: Warning,
        needs: &["wpp.home.marker"],
        runbook: None,
        explain: "default_session in config.toml names a session that is here. In a home without any session there is nothing to \
                  look at but the host and the home, and this check says so.",
        mend: "Correct default_session in config.toml, or make the session with `wpp start`.",
        judge: Host(host::default_session),
    },
    Check {
        id: "wpp.home.socket-path",
        title: "the sockets' paths are short enough",
        area: "home",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: None,
        explain: "A Unix socket's path may have 107 bytes on Linux and 103 on macOS, and a daemon makes its socket in the \
                  session's folder. In a home with a longer path no daemon starts.",
        mend: "Stop the daemons, move the home to a shorter path with `mv`, and set WPP_HOME to that; or make the session \
               again under a shorter name.",
        judge: Host(copies::socket_path),
    },
    Check {
        id: "wpp.schedule.not-installed",
        title: "somebody looks for what is due",
        area: "schedule",
        severity: Warning,
        needs: &["wpp.home.journal"],
        runbook: None,
        explain: "Entries of the schedule run when something calls `wpp schedule run`: a timer, cron, or daemons with \
                  schedule.daemon. When nothing has for twice the shortest time between two runs, and at least once a day, \
                  entries only stand in the settings.",
        mend: "`wpp schedule install --systemd` has a timer look every minute, `wpp schedule install --cron` a line of cron.",
        judge: Host(schedule::looked_at),
    },
    Check {
        id: "wpp.schedule.missed",
        title: "what was due ran in time",
        area: "schedule",
        severity: Warning,
        needs: &["wpp.home.journal"],
        runbook: None,
        explain: "An entry was due and nothing looked for it in time, because the machine or the caller was down. With `missed = \"run-once\"` \
                  it runs when somebody looks, with \"skip\" it waits for its next time; with \"tell\" this stands until a run in time.",
        mend: "Run what was missed with `wpp schedule run NAME`; then see with `wpp schedule list` that somebody looks, and \
               have the timer or cron start with the machine.",
        judge: Host(schedule::in_time),
    },
    Check {
        id: "wpp.schedule.cannot-pass",
        title: "every entry can pass as it is written",
        area: "schedule",
        severity: Error,
        needs: &["wpp.home.journal"],
        runbook: None,
        explain: "What a dry run would find is looked for in every entry, before it is due: a runbook that cannot be run, parameters \
                  without a value, a secret that comes from nowhere, a question that nobody is there to answer, scripts that were not \
                  allowed, a guard that holds in no such home, a command that asks or that does not end. Secrets that only the caller of \
                  the schedule has in its environment cannot be seen from here.",
        mend: "Mend what the finding names in the entry's table [schedule.NAME] of config.toml; `wpp schedule list` says at \
               once whether it now can pass.",
        judge: Host(schedule::fit),
    },
    Check {
        id: "wpp.schedule.failing",
        title: "the last run of every entry went well",
        area: "schedule",
        severity: Error,
        needs: &["wpp.home.journal"],
        runbook: None,
        explain: "The newest run of an entry ended with an exit code that is not 0, was killed because its time was up, or was cut off with \
                  whatever dispatched it; or an entry of the settings cannot be read and never runs.",
        mend: "`wpp schedule list` shows how the last run ended. Run it by hand with `wpp schedule run NAME`, and mend what it \
               says.",
        judge: Host(schedule::succeeded),
    },
    Check {
        id: "wpp.alert.undelivered",
        title: "what people were to be told arrived",
        area: "alert",
        severity: Error,
        needs: &["wpp.home.journal"],
        runbook: Some("runbooks/alert-matrix.md"),
        explain: "Notices to contacts failed on a way and wait for the next `wpp alert run`, or were given up after three days; or the \
                  contacts and rules of the settings cannot be read, and nobody is told of anything. Each way is told once, to \
                  those whom another way reaches.",
        mend: "Do what is said of the way; `wpp alert test` shows which ways to people work. Then send what waits with \
               `wpp alert run`.",
        judge: Host(alert::delivered),
    },
];
