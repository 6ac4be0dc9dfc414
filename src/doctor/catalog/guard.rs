//! Rows of what the home trusts and of what keeps it in order: who could change it, secrets, drills and
//! evidence, settings.

use crate::doctor::Judge::Host;
use crate::doctor::{Check, backups, guard, keeping, settings};
use crate::report::Severity::{Critical, Error, Info, Warning};

const HYGIENE: Option<&str> = Some("runbooks/security-hygiene.md");
const CONTACTS: Option<&str> = Some("runbooks/contacts.md");

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "wpp.home.lockdown",
        title: "the home is not locked down",
        area: "home",
        severity: Warning,
        needs: &["wpp.home.marker"],
        runbook: None,
        explain: "The file LOCKDOWN in the home says that somebody, or a runbook after repeated failures, locked it down: \
                  runbooks and drills whose guard asks for it then do nothing. It has no end of its own.",
        mend: "Find out with `cat ~/.wpp/LOCKDOWN` and `wpp runbook runs` who locked it down and why; then take the mark away \
               with `rm ~/.wpp/LOCKDOWN`.",
        judge: Host(guard::lockdown),
    },
    Check {
        id: "wpp.security.ancestors",
        title: "nobody else can put another home in the place of this one",
        area: "security",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: HYGIENE,
        explain: "Whoever can write to a folder above the home can rename the home and put one of their own there, however \
                  closed the home itself is. Such folders belong to root or to the home's owner, and others cannot write to \
                  them, unless the sticky bit (as on /tmp) keeps them from names of others.",
        mend: "Take the right away with `sudo chmod go-w FOLDER`, and give a folder of somebody else to root with `sudo chown \
               root FOLDER`; or move the home elsewhere.",
        judge: Host(guard::ancestors),
    },
    Check {
        id: "wpp.security.program",
        title: "nobody else can change this program",
        area: "security",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: HYGIENE,
        explain: "wpp's own file and the folder that it lies in: whoever can write there decides what daemons, timers and this \
                  doctor do.",
        mend: "`chmod go-w FILE` for the program and its folder, or install it where root alone writes: `sudo install -m 0755 \
               wpp /usr/local/bin/`.",
        judge: Host(guard::program),
    },
    Check {
        id: "wpp.security.plugins",
        title: "nobody else can change plugins or what they were compiled to",
        area: "security",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: HYGIENE,
        explain: "Components are pinned by their SHA-256, and what they were compiled to is run as it is if its owner and mode \
                  are right. Files that others can write to are compiled anew at each start; that others can write there at \
                  all is what must be mended.",
        mend: "`chmod go-w FILE` for what is named. What was compiled may be removed with `rm -r` at any time: it is made \
               again.",
        judge: Host(guard::plugins),
    },
    Check {
        id: "wpp.security.secret-files",
        title: "secrets are open to their owner alone",
        area: "security",
        severity: Critical,
        needs: &["wpp.home.marker"],
        runbook: HYGIENE,
        explain: "Every file in `secrets` and the file that backup.s3.credentials_file names has mode 0600. wpp refuses to use \
                  one that others can read, and what others may have read has to be replaced.",
        mend: "`chmod 0600 FILE`, or `wpp doctor --fix` for those in the home. Then replace the secret at the system behind \
               it.",
        judge: Host(guard::secret_files),
    },
    Check {
        id: "wpp.security.default-secrets",
        title: "no secret is one that everybody knows",
        area: "security",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: HYGIENE,
        explain: "Values in `secrets`, in WPP_SECRET_ variables and in settings of plugins that are called like a secret are \
                  compared with those that programs and examples bring along (changeme, admin, secret123, dev-admin-key, …), with placeholders and with nothing at all. A gateway \
                  behind such a key is open to anybody.",
        mend: "Give the system behind it a key of its own (`openssl rand -hex 32`), and write that into the file of `secrets`, \
               with mode 0600.",
        judge: Host(guard::default_secrets),
    },
    Check {
        id: "wpp.security.secret-age",
        title: "secrets change now and then",
        area: "security",
        severity: Warning,
        needs: &["wpp.home.marker"],
        runbook: HYGIENE,
        explain: "The time at which a file in `secrets` was written stands for the last rotation; older than doctor.secret_age_days_max is \
                  overdue. Secrets in variables and those that commands write are not seen. `wpp evidence rotation` proves a rotation.",
        mend: "Make a new key at the system behind it, write it into the file of `secrets` with mode 0600, and take the old \
               one away there; `wpp evidence rotation` then proves it.",
        judge: Host(guard::secret_age),
    },
    Check {
        id: "wpp.security.key-beside-archives",
        title: "what opens archives does not lie beside them",
        area: "security",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: HYGIENE,
        explain: "Archives are encrypted so that who has them alone cannot read them. A key of age (AGE-SECRET-KEY-1…) in the \
                  same folder, or in the home beside it, takes that away. Small files there are looked into for one that no \
                  passphrase guards.",
        mend: "Move the key with `mv` to where archives are restored, and keep it offline. `wpp restore ARCHIVE --identity \
               KEY_FILE` finds it there.",
        judge: Host(guard::archive_keys),
    },
    Check {
        id: "wpp.home.folders",
        title: "the home's folders are folders",
        area: "home",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: HYGIENE,
        explain: "sessions, reports, secrets, runbooks, plugins and backup-state in the home are folders, or links to some. With a file, a \
                  pipe or a link that leads nowhere in the place of one, what should be there is not found, and commands that write there \
                  fail. One that is not there yet is made when it is needed.",
        mend: "`ls -la ~/.wpp` shows what stands there. Mount what a link leads to, or move what is no folder away with `mv`: \
               wpp makes the folder when it is needed.",
        judge: Host(guard::folders),
    },
    Check {
        id: "wpp.backup.destination",
        title: "archives can go where they are to go",
        area: "backup",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: None,
        explain: "Archives go to `backups` in the home, or to backup.destination. A file, a device, a pipe or a link that leads nowhere \
                  (a disk that is not mounted) in the place of that folder makes every backup fail. A link to a folder is fine, and that \
                  folder is looked at in its place. One that is not there yet is made by the first backup; what lies on an S3 server is \
                  not looked at.",
        mend: "Mount the disk, or move away with `mv` what stands in the place of the folder, or correct backup.destination in \
               config.toml. Then see with `wpp backup` that an archive gets there.",
        judge: Host(guard::archive_destination),
    },
    Check {
        id: "wpp.security.archive-folder",
        title: "nobody else can write where archives go",
        area: "security",
        severity: Error,
        needs: &["wpp.backup.destination"],
        runbook: HYGIENE,
        explain: "A folder of backup.destination that others can write to lets them remove archives, or put there what is \
                  restored later. A link is followed. Archives themselves, when they are open to others, are told by \
                  wpp.home.modes.",
        mend: "`chmod go-w FOLDER`; then see with `wpp backup verify latest` that the archives are what they were.",
        judge: Host(guard::archive_folder),
    },
    Check {
        id: "wpp.security.evidence-open",
        title: "evidence is open to its owner alone",
        area: "security",
        severity: Warning,
        needs: &["wpp.home.marker"],
        runbook: HYGIENE,
        explain: "Reports and transcripts of runbooks and drills name nobody, and still say how this host is run. Folders are \
                  0700 and files 0600; the newest runs are looked at.",
        mend: "`chmod 0700 FOLDER` and `chmod 0600 FILE` for what is named, or `wpp doctor --fix`.",
        judge: Host(guard::evidence),
    },
    Check {
        id: "wpp.security.report-leaks",
        title: "reports hold nobody's number and no secret",
        area: "security",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: HYGIENE,
        explain: "Reports and transcripts of the four newest runs, up to 256 KiB of them, are searched for addresses and numbers \
                  of people, for secrets of this home and of this process, for private keys, for what has the form of a token, and \
                  for what others wrote in the newest messages of the sessions that are looked at. Secrets that commands write are \
                  not looked for. Reports are attached to tickets.",
        mend: "Remove the report with `rm FILE`, wherever else it was sent too, and replace a secret that stood there at the \
               system behind it. What a run that was cut off left is cleaned by `wpp runbook undo RUN`.",
        judge: Host(keeping::report_leaks),
    },
    Check {
        id: "wpp.security.unit-files",
        title: "nobody else decides what the timer runs",
        area: "security",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: HYGIENE,
        explain: "The files that `wpp schedule install --systemd` writes for this home, and what else systemd's own folders \
                  hold of that name: others must not be able to write to them, and the program that they call must be there. \
                  It no longer is when wpp was moved.",
        mend: "`chmod go-w FILE` for what is named; `wpp schedule install --systemd` writes the timer anew with the wpp that \
               is there.",
        judge: Host(guard::units),
    },
    Check {
        id: "wpp.store.twins",
        title: "every session is a device of its own",
        area: "store",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: Some("runbooks/reset.md"),
        explain: "A copied session folder holds the keys of one device twice. Started side by side the two push each other out \
                  (440) and spoil each other's Signal state without a word. The registration ids and identity keys of all \
                  sessions are compared; a look at a part of them compares that with twenty others, and is skipped where there are \
                  more.",
        mend: "Keep the one that connected last, `wpp stop` the other, and take that one away with `wpp reset` before anybody \
               starts it.",
        judge: Host(keeping::twins),
    },
    Check {
        id: "wpp.backup.same-disk",
        title: "archives go to another disk",
        area: "backup",
        severity: Warning,
        needs: &["wpp.home.marker"],
        runbook: None,
        explain: "An archive on the disk that it is to replace is lost with it. The devices of the home and of the folder that \
                  archives go to are compared, once a session has been known for a week. Who copies archives elsewhere by \
                  other means may suppress this.",
        mend: "Set backup.destination in config.toml to a folder of another disk or to s3://BUCKET/PREFIX, and send an archive \
               there with `wpp backup`.",
        judge: Host(settings::same_disk),
    },
    Check {
        id: "wpp.backup.set-stale",
        title: "gateways have a recent set",
        area: "backup",
        severity: Warning,
        needs: &["wpp.home.journal"],
        runbook: Some("runbooks/openwa-database-backup.md"),
        explain: "A gateway that has a table [dump.NAME], or of which a set was ever made, is to have a set that is complete, \
                  whose file is there and that is not older than doctor.backup_age_hours_max. An incomplete set lacks a part \
                  that the gateway cannot come back without, so it does not count. wpp only knows the sets that it made \
                  itself.",
        mend: "`wpp backup --channel NAME` makes one; an entry of the schedule makes it a habit. If it stays incomplete, the \
               same command says which part could not be had.",
        judge: Host(backups::sets),
    },
    Check {
        id: "wpp.drill.stale",
        title: "drills are run",
        area: "drill",
        severity: Warning,
        needs: &["wpp.home.journal"],
        runbook: Some("runbooks/drills/smoke.md"),
        explain: "What was never rehearsed fails when it is needed. The journal says when a drill was last run; longer ago \
                  than doctor.drill_age_days_max, or never in a home of that age, is too long. Drills run in sandboxes and \
                  reach nobody.",
        mend: "Choose one with `wpp drill list` and run it with `wpp drill run ID`, or have an entry of the schedule do so.",
        judge: Host(guard::drill_age),
    },
    Check {
        id: "wpp.drill.failed",
        title: "drills went as they should",
        area: "drill",
        severity: Warning,
        needs: &["wpp.home.journal"],
        runbook: None,
        explain: "The newest run of each drill that the journal knows passed. One that did not says that the procedure behind it does not \
                  work here. Its evidence says what was seen; the sandbox of a failed drill is kept.",
        mend: "`wpp evidence show RUN` tells which step went otherwise. Mend that, and run it again with `wpp drill run ID`.",
        judge: Host(guard::drill_failed),
    },
    Check {
        id: "wpp.runbook.open",
        title: "every run that began is over",
        area: "runbook",
        severity: Warning,
        needs: &["wpp.home.journal"],
        runbook: None,
        explain: "A run of a runbook or a drill whose process was killed, or that could not take back what it began, is open \
                  until somebody says what becomes of it: what it changed stays changed, and outgoing messages that it paused \
                  stay paused. A run that a process works on is left to it.",
        mend: "`wpp runbook runs` lists them. `wpp runbook resume RUN` goes on with one, `wpp runbook undo RUN` takes back \
               what it began.",
        judge: Host(guard::open_runs),
    },
    Check {
        id: "wpp.drill.evidence",
        title: "evidence is as it was written",
        area: "drill",
        severity: Error,
        needs: &["wpp.home.marker"],
        runbook: HYGIENE,
        explain: "The files of the newest runs are compared with their SHA256SUMS. Evidence that was changed, or that lacks a \
                  part, proves nothing.",
        mend: "`wpp evidence verify` names every file that differs. Bring the folder back from a copy that was exported, or \
               run the drill again with `wpp drill run ID`: evidence that was changed is not mended.",
        judge: Host(guard::evidence_sums),
    },
    Check {
        id: "wpp.config.environment",
        title: "no variable overrides config.toml",
        area: "config",
        severity: Info,
        needs: &["wpp.home.settings"],
        runbook: None,
        explain: "A WPP_ variable goes before the file. One that is set in this shell and not where cron, systemd or the \
                  daemon run makes the same command do two things.",
        mend: "`wpp config` shows where each value comes from. Write the value into config.toml, then `unset` the variable and \
               take it out of the profile that sets it.",
        judge: Host(settings::overridden),
    },
    Check {
        id: "wpp.config.unknown-variable",
        title: "no variable of wpp is misspelt",
        area: "config",
        severity: Warning,
        needs: &["wpp.home.settings"],
        runbook: None,
        explain: "Nothing reads a variable whose name is misspelt, and no error says so: WPP_BACKUP_DESTINATON leaves archives where they \
                  were. Names that begin with WPP_ and are almost one that wpp reads are told; others may be yours.",
        mend: "`env | grep ^WPP_` shows them. Correct the name to one that `wpp config` lists, or `unset` it.",
        judge: Host(settings::unknown_variables),
    },
    Check {
        id: "wpp.config.clear-secrets",
        title: "no secret stands in config.toml",
        area: "config",
        severity: Error,
        needs: &["wpp.home.settings"],
        runbook: HYGIENE,
        explain: "Settings of plugins and commands of contacts are searched for what has the form of a key, a token or an address with a \
                  password. Every archive holds config.toml, so a secret in it goes wherever archives go. Plugins name secrets; their \
                  values lie in `secrets`, in WPP_SECRET_ variables, or come from a command under [secrets].",
        mend: "Put the value into a file of `secrets` with mode 0600 (`chmod 0600 FILE`), and name it in the plugin's \
               settings. Then replace it at the system behind it, as archives hold it.",
        judge: Host(settings::clear_secrets),
    },
    Check {
        id: "wpp.config.contacts",
        title: "who is to be told can be told",
        area: "config",
        severity: Warning,
        needs: &["wpp.home.settings"],
        runbook: CONTACTS,
        explain: "Rules, quiet hours or an order of escalation without any contact mean that somebody wanted to be told and nobody is. \
                  With contacts, something has to run `wpp alert run`: an entry of the schedule or a timer. A contact's channel has to \
                  be one that a plugin adds, with the settings and the grants that it needs, and a command a program that is there; \
                  nothing is sent to see that.",
        mend: "Do what is said of the way, such as `wpp plugin grant NAME http=ORIGIN`, and see with `wpp alert test` that it works. Write a table [contacts.NAME] with a channel or a command into config.toml, and an entry [schedule.alerts] with \
               run = [\"alert\", \"run\"]; `wpp alert matrix` shows who is then told what.",
        judge: Host(settings::contacts),
    },
    Check {
        id: "wpp.config.contradictions",
        title: "no two settings contradict each other",
        area: "config",
        severity: Warning,
        needs: &["wpp.home.settings"],
        runbook: None,
        explain: "Each setting may be right and two of them wrong together: a watchdog that is slower than the doctor, plugins that must be \
                  signed by nobody, an S3 server's settings without a bucket, backups that are made more seldom than they count as fresh.",
        mend: "Change the one of the two settings in config.toml that is not meant; `wpp config` shows both with where they \
               come from.",
        judge: Host(settings::contradictions),
    },
    Check {
        id: "wpp.config.deprecated",
        title: "no setting is one that is given up",
        area: "config",
        severity: Warning,
        needs: &["wpp.home.settings"],
        runbook: None,
        explain: "A setting that is given up is read for a while longer, and `wpp config` says what takes its place. The first wpp that \
                  no longer knows it refuses the whole file, and with it every command that needs the settings.",
        mend: "Write in config.toml what `wpp config` names in its place, and take the old line out.",
        judge: Host(settings::deprecated),
    },
    Check {
        id: "wpp.config.recommended",
        title: "settings that are recommended are set",
        area: "config",
        severity: Info,
        needs: &["wpp.home.settings"],
        runbook: None,
        explain: "Most defaults are right for most homes. A few settings have none that could be: where archives go, whom they are \
                  encrypted to, which are kept. They are told once a session has been linked for a week, in one finding, and only as \
                  worth knowing.",
        mend: "`wpp config` says what each does; write those that fit this home into config.toml, or suppress the finding with a reason.",
        judge: Host(settings::recommended),
    },
    Check {
        id: "wpp.config.backup-schedule",
        title: "backups are made by themselves",
        area: "config",
        severity: Info,
        needs: &["wpp.home.settings"],
        runbook: None,
        explain: "A session that has been linked for a week should have an entry of the schedule that backs it up. Whoever calls \
                  `wpp backup` from cron or elsewhere is not seen here, so this is only worth knowing; wpp.backup.stale says when \
                  backups really stop.",
        mend: "Write an entry [schedule.nightly] with run = [\"backup\"] and when = \"daily 02:30\" into config.toml; `wpp \
               schedule list` shows when it is due.",
        judge: Host(settings::backup_schedule),
    },
];
