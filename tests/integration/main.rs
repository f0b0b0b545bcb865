//! The real programs as processes: what survives `kill -9`, cut links and bad input.

#[cfg(test)]
mod interrupted;
#[cfg(test)]
mod kept_aside;
#[cfg(test)]
mod killed_office;
#[cfg(test)]
mod killed_tablet;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod signing_in;
#[cfg(test)]
mod support;
