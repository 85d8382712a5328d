# A Conflux PoS pool. `pospool plan` shows what would change and what it costs, `pospool apply`
# does it. `pospool explain` lists everything that can stand here, `pospool explain node` one kind.

chain "conflux" {
  network = "testnet"
}

# The key that deploys, owns and pays. It is read from the environment when it is used, and is in no
# file of pospool. A file works too: file("/run/secrets/operator_key").
account "operator" {
  private_key = env("POSPOOL_OPERATOR_KEY")
}

# The machine that runs the node.
host "main" {
  docker = "unix:///var/run/docker.sock"
}

# The chain's data and the PoS key. It is only deleted when it is named:
# `pospool destroy --delete volume.main`. Keep a backup of the key.
volume "main" {
  host = host.main
}

# The node that votes. Its PoS key is made at its first start and encrypted with the password.
# The password is sealed to the machine, and opened at each boot: the node comes back alone. `env("NAME")` instead
# needs a person at each start.
node "main" {
  host             = host.main
  image            = "confluxchain/conflux-rust:3.1.0-testnet@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  data             = volume.main
  pos_key_password = credential("pos-key-password")

  # Without these the node only connects out. A node that others can reach syncs and votes better.
  # publish_p2p = 32323
  # config      = { public_address = "203.0.113.7" }
}

# The contracts, compiled on this machine from exactly this commit.
source "reference" {
  git = "https://github.com/conflux-fans/pos-pool"
  rev = "8d144489b18bd924ae34186420b45f95849ff8f1"
}

# The pool that users stake to. A later `pospool apply` changes settings in place.
core_contract "pool" {
  code  = source.reference.PoSPool
  owner = account.operator
  proxy = true
  settings = {
    name             = "PoS pool"
    user_share_ratio = "90%" # of the rewards

    # The reference's values: about 13 days and 1 day. PoS needs some 10 hours and 20 minutes more, and a withdrawal
    # in between is reverted and works later.
    lock_period   = blocks(2250000)
    unlock_period = blocks(176400)
  }
}

# The list of pools that the site shows.
core_contract "manager" {
  code  = source.reference.PoolManager
  owner = account.operator
  settings = {
    pools = [core_contract.pool]
  }
}

# That the code on the chain is what the source compiles to, and that the explorer tells everybody.
verification "pool" {
  contracts = [core_contract.pool, core_contract.manager]
  explorer  = "confluxscan"
}

# The pool's first vote, with a stake of 1,000 CFX. This cannot be undone: the stake is locked for at least
# 14 days, and the node's PoS key belongs to this pool from then on. The plan refuses it until it is accepted.
pos_registration "main" {
  node    = node.main
  pool    = core_contract.pool
  deposit = cfx(1000)

  # Remove the `#` when you accept that:
  # lifecycle { irreversible = "accept" }
}

output "pool_address" {
  description = "What users stake to."
  value       = core_contract.pool.address
}

output "pos_address" {
  description = "The node's name in PoS."
  value       = node.main.pos_address
}
