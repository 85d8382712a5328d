# A Core Space pool on the testnet, with its node on this machine.
#
# Before the first plan, export the two secrets that are named below:
#   POSPOOL_OPERATOR_KEY        private key that owns the contracts and pays, 64 hex digits
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

host "local" {
  docker = "unix:///var/run/docker.sock"
}

# The chain's data and the PoS key. It is deleted only when it is named.
volume "main" {}

node "main" {
  # Pin the image with its digest: confluxchain/conflux-rust:3.0.3-testnet@sha256:...
  image            = "confluxchain/conflux-rust:3.0.3-testnet"
  data             = volume.main
  pos_key_password = env("POSPOOL_POS_KEY_PASSWORD")
  config           = { public_address = "203.0.113.7" }
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
    lock_period      = blocks(2250000)
    unlock_period    = blocks(176400)
  }
}

core_contract "manager" {
  code     = source.reference.PoolManager
  owner    = account.operator
  settings = { pools = [core_contract.pool] }
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
