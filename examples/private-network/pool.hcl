# A pool on a private network, such as the one that `make demo` brings up.
# `devnet up` prints what the variables want.

variable "core_rpc" {}
# The same RPC as containers of the network reach it: the node's guard compares its node with it.
variable "core_rpc_inside" {}
variable "bootnodes" {}
variable "docker_network" {}
variable "image" {
  default = "pospool-devnet/conflux-rust:3.0.2"
}

chain "private" {
  network    = "devnet"
  core_rpc   = var.core_rpc
  node_files = "devnet/node_files"
  bootnodes  = var.bootnodes
}

account "operator" {
  private_key = env("POSPOOL_OPERATOR_KEY")
}

host "local" {}

volume "main" {}

node "main" {
  image            = var.image
  data             = volume.main
  docker_network   = var.docker_network
  core_rpc         = var.core_rpc_inside
  pos_key_password = env("POSPOOL_POS_KEY_PASSWORD")
}

source "contracts" {
  path = "../../tests/contracts"
}

core_contract "pool" {
  code     = source.contracts.PoSPool
  proxy    = true
  settings = { name = "Private pool", user_share_ratio = "90%" }
}

pos_registration "main" {
  node    = node.main
  pool    = core_contract.pool
  deposit = cfx(1000)
  lifecycle {
    irreversible = "accept"
  }
}
