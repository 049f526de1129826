//! Against a service on loopback that answers what a test says, and tells what it was asked.

mod bad_days;
mod requests;
mod service;
