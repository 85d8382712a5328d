# A Core Space pool on the testnet, with its node on this machine.
#
# Before the first plan, export the two secrets that are named below:
#   POSPOOL_OPERATOR_KEY        private key that owns the contracts and pays, 64 hex digits
#   POSPOOL_POS_KEY_PASSWORD    password of the PoS key, which the node makes at its first start

variable "pool_name" {
  description = "What stakers see."
  default     = "Harbour pool"
}

variable "image" {
  description = "The node. Pin it with its digest: confluxchain/conflux-rust:3.1.0-testnet@sha256:..."
  default     = "confluxchain/conflux-rust:3.1.0-testnet"
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
  image            = var.image
  data             = volume.main
  pos_key_password = env("POSPOOL_POS_KEY_PASSWORD")

  # Without these the node only connects out. With a public address, open the port (TCP and UDP) in the firewall: a node
  # that others can reach syncs and votes better.
  # publish_p2p = 32323
  # config      = { public_address = "203.0.113.7" }
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
