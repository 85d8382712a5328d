# The same pool as the reference's scripts make, for scripts/bench-deploy. What is above the line `# pool` is applied before
# the clock starts.

variable "core_rpc" {}
variable "espace_rpc" {}
variable "image" {}
variable "bootnodes" {}
variable "docker_network" {}
variable "contracts" {}

# before the clock starts: two nodes, one for each way
chain "bench" {
  network    = "devnet"
  core_rpc   = var.core_rpc
  espace_rpc = var.espace_rpc
  node_files = "devnet/node_files"
  bootnodes  = var.bootnodes
}

host "local" {}

volume "ours" {}
volume "theirs" {}

node "ours" {
  image            = var.image
  data             = volume.ours
  pos_key_password = env("POSPOOL_POS_KEY_PASSWORD")
  docker_network   = var.docker_network
}

node "theirs" {
  image            = var.image
  data             = volume.theirs
  pos_key_password = env("POSPOOL_POS_KEY_PASSWORD")
  docker_network   = var.docker_network
}
# pool

account "operator" {
  private_key = env("POSPOOL_OPERATOR_KEY")
}

source "reference" {
  path = var.contracts
}

core_contract "pool" {
  code     = source.reference.PoSPool
  proxy    = true
  settings = { name = "PoSPool", user_share_ratio = "90%" }
}

core_contract "manager" {
  code     = source.reference.PoolManager
  settings = {
    pools        = [core_contract.pool]
    espace_pools = [{ pool = core_contract.pool, espace_pool = espace_contract.pool }]
  }
}

core_contract "bridge" {
  code     = source.reference.CoreBridge
  proxy    = true
  settings = { pool = core_contract.pool, espace_pool = espace_contract.pool }
}

espace_contract "pool" {
  code     = source.reference.ESpacePoSPool
  proxy    = true
  settings = { name = "eSpace pool", bridge = core_contract.bridge }
}

pos_registration "main" {
  node    = node.ours
  pool    = core_contract.pool
  deposit = cfx(1000)
  lifecycle { irreversible = "accept" }
}
