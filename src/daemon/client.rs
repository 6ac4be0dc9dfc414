//! stub
use super::api::*;
use crate::error::Result;
use crate::home::SessionPaths;
pub struct Client;
impl Client {
    pub fn connect(_: &SessionPaths) -> Result<Client> {
        todo!()
    }
    pub fn status(&self) -> Result<Status> {
        todo!()
    }
    pub fn auth(&self) -> Result<Auth> {
        todo!()
    }
    pub fn begin_auth(&self, _: Option<&str>) -> Result<Auth> {
        todo!()
    }
}
