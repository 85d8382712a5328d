# A pool for users of both spaces on the testnet, with governance, and its node on this machine.
#
# Before the first plan, export the three secrets that are named below:
#   POSPOOL_OPERATOR_KEY        private key that owns the contracts and pays, 64 hex digits
#   POSPOOL_SYNCER_KEY          private key that owns the bridge and calls it; its account needs some CFX too
#   POSPOOL_POS_KEY_PASSWORD    password of the PoS key, which the node makes at its first start

variable "pool_name" {
  description = "What stakers see."
  default     = "Harbour pool"
}

chain "conflux" {
  network = "testnet"
}

account "operator" {
  private_key = env("POSPOOL_OPERATOR_KEY")
}

# Whoever has this key owns the bridge, and neither the pool nor the PoS key.
account "syncer" {
  private_key = env("POSPOOL_SYNCER_KEY")
}

host "local" {
  docker = "unix:///var/run/docker.sock"
}

# The chain's data and the PoS key. It is deleted only when it is named.
volume "main" {}

node "main" {
  # Pin the image with its digest: confluxchain/conflux-rust:3.1.0-testnet@sha256:...
  image            = "confluxchain/conflux-rust:3.1.0-testnet"
  data             = volume.main
  pos_key_password = env("POSPOOL_POS_KEY_PASSWORD")
}

source "reference" {
  git = "https://github.com/conflux-fans/pos-pool"
  rev = "8d144489b18bd924ae34186420b45f95849ff8f1"
}

core_contract "pool" {
  code  = source.reference.PoSPool
  owner = account.operator
  proxy = true
  settings = {
    name             = var.pool_name
    user_share_ratio = "90%"
    lock_period      = blocks(2250000) # about 13 days, some 10 hours less than PoS itself needs
    unlock_period    = blocks(176400)  # about 1 day, some 20 minutes less
    voting_escrow    = core_contract.voting_escrow
  }
}

core_contract "manager" {
  code     = source.reference.PoolManager
  owner    = account.operator
  settings = {
    pools        = [core_contract.pool]
    espace_pools = [{ pool = core_contract.pool, espace_pool = espace_contract.pool }]
  }
}

# The operator's account in eSpace pays there. It is filled up to this amount once, from the account in Core Space.
funding "espace" {
  from   = account.operator
  amount = cfx(50)
}

# Stands for all users of eSpace in the pool of Core Space. It and the pool of eSpace name each other: both addresses
# are known before the contracts exist.
core_contract "bridge" {
  code  = source.reference.CoreBridge
  owner = account.syncer
  proxy = true
  settings = {
    pool                 = core_contract.pool
    espace_pool          = espace_contract.pool
    espace_voting_escrow = espace_contract.voting_escrow
  }
}

espace_contract "pool" {
  code  = source.reference.ESpacePoSPool
  owner = account.operator
  proxy = true
  settings = {
    name          = var.pool_name
    lock_period   = blocks(1126800) # of eSpace, one in each epoch: about 16 days at 71,000 epochs a day
    unlock_period = blocks(90000)   # about 1.3 days
    bridge        = core_contract.bridge # its account in eSpace is set
    voting_escrow = espace_contract.voting_escrow
  }
}

# Governance: stakers lock their votes in the pool and vote with them. Without these two blocks, and the settings that
# name them, the pool is the same without it.
core_contract "voting_escrow" {
  code  = source.reference.VotingEscrow
  owner = account.operator
  proxy = true
  settings = {
    pos_pool      = core_contract.pool
    espace_bridge = core_contract.bridge
  }
}

espace_contract "voting_escrow" {
  code  = source.reference.EVotingEscrow
  owner = account.operator
  proxy = true
  settings = {
    pos_pool        = espace_contract.pool
    core_space_info = chain.conflux.core_space_oracle # of this network
  }
}

# The bridge does nothing by itself: this container calls it when there is something to carry.
syncer "main" {
  bridge      = core_contract.bridge.address
  private_key = env("POSPOOL_SYNCER_KEY")
}

# 1,000 CFX are staked and the PoS key is bound to the pool's contract for ever.
pos_registration "main" {
  node    = node.main
  pool    = core_contract.pool
  deposit = cfx(1000)
  lifecycle {
    irreversible = "accept"
  }
}

output "pool" {
  description = "Where users stake."
  value       = core_contract.pool.address
}

output "espace_pool" {
  description = "Where users of eSpace stake."
  value       = espace_contract.pool.address
}
