//! The real programs as processes: what survives `kill -9`, cut links and bad input.

#[cfg(test)]
mod bad_link;
#[cfg(test)]
mod erased;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod https;
#[cfg(test)]
mod hub;
#[cfg(test)]
mod hub_follows;
#[cfg(test)]
mod hub_forked;
#[cfg(test)]
mod interrupted;
#[cfg(test)]
mod kept_aside;
#[cfg(test)]
mod killed_office;
#[cfg(test)]
mod killed_tablet;
#[cfg(test)]
mod killed_under_load;
#[cfg(test)]
mod lost_rows;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod restored_office;
#[cfg(test)]
mod rotated;
#[cfg(test)]
mod s3;
#[cfg(test)]
mod signing_in;
#[cfg(test)]
mod support;
#[cfg(test)]
mod two_processes;
