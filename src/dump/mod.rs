//! Dumps of gateways: what their state is made of, taken as one set, and proof that it comes back.
//!
//! A gateway keeps its state in a database server, in SQLite files, in folders of keys, in Redis. This
//! room reads all of them while the gateway runs, and rehearses the way back on a server of PostgreSQL
//! that exists for that alone. It knows nothing of WhatsApp sessions of this host.
//!
//! [`kind`] tells what a file of a dump really is, [`head`] whether its beginning can be one, and [`plain`] what of it is an order to `psql`, [`tools`] finds
//! the programs of PostgreSQL and the account that they run as, [`address`] takes apart where a server is, [`client`]
//! talks through them, [`postgres`] is the disposable server and [`offspring`] whatever it started, [`smoke`] the
//! questions that a restored database must answer, and [`rehearse`] puts them together. [`layout`] says what the state of a
//! gateway is made of, [`take`] takes its parts, and [`set`] is the file that they make together. Start with
//! [`rehearse::rehearse`] and [`set::make`].

pub mod address;
pub mod client;
pub mod head;
pub mod kind;
pub mod layout;
pub mod offspring;
pub mod plain;
pub mod postgres;
pub mod rehearse;
pub mod set;
pub mod smoke;
pub mod take;
pub mod tools;
