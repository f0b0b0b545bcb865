-- Why: two nodes compare all their chains, five years of them, without naming each. Per device and month of thirty days
-- (by the header's `started_at`) one sum over (session, frames, head), kept in the transaction that writes the chain.
ALTER TABLE chain ADD COLUMN month BIGINT NOT NULL DEFAULT 0;
CREATE INDEX chain_month ON chain (device, month);

CREATE TABLE chain_fold (
  month BIGINT NOT NULL,
  device BYTEA NOT NULL,
  sum BYTEA NOT NULL,
  chains BIGINT NOT NULL,
  PRIMARY KEY (month, device)
);
