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

# The key that owns the bridge and calls it day after day: another one, so that the operator's needs to be on no machine.
account "syncer" {
  private_key = env("POSPOOL_SYNCER_KEY")
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
# A tag can be moved: pin the image with its digest (`docker buildx imagetools inspect NAME:TAG`).
# The password is sealed to the machine, and opened at each boot: the node comes back alone. `env("NAME")` instead
# needs a person at each start.
node "main" {
  host             = host.main
  image            = "confluxchain/conflux-rust:3.1.0-testnet"
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
    # Which pool of eSpace belongs to it.
    espace_pools = [{ pool = core_contract.pool, espace_pool = espace_contract.pool }]
  }
}

# The operator's account in eSpace, which pays there. It is filled up to this amount once.
funding "espace" {
  from   = account.operator
  amount = cfx(50)
}

# Stands for all users of eSpace in the pool of Core Space. `pospool` finds out both addresses beforehand, so that
# the bridge and the pool of eSpace can know each other.
core_contract "bridge" {
  code  = source.reference.CoreBridge
  owner = account.syncer
  proxy = true
  settings = {
    pool        = core_contract.pool
    espace_pool = espace_contract.pool
  }
}

# The pool that users of eSpace stake to.
espace_contract "pool" {
  code  = source.reference.ESpacePoSPool
  owner = account.operator
  proxy = true
  settings = {
    name   = "PoS pool"
    bridge = core_contract.bridge

    # The reference's values, in blocks of eSpace, of which there is one in each epoch: about 16 days and 1.3 days at
    # mainnet's pace of 71,000 epochs a day.
    lock_period   = blocks(1126800)
    unlock_period = blocks(90000)
  }
}

# Carries stake, rewards and votes between the spaces. Its account pays a little gas for that: keep some CFX on it.
syncer "main" {
  bridge      = core_contract.bridge.address
  private_key = credential("syncer-key") # the same key, sealed to the machine
}

# That the code on the chain is what the source compiles to, and that the explorer tells everybody.
verification "pool" {
  contracts = [core_contract.pool, core_contract.manager, core_contract.bridge, espace_contract.pool]
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

output "espace_pool_address" {
  description = "What users of eSpace stake to."
  value       = espace_contract.pool.address
}
