//! A loopback WhatsApp server.
