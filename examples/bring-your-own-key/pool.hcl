# A pool for a node that somebody runs already: only the chain's side is managed here.
# Get the data on that node with: conflux rpc local pos register --power 1

variable "register_data" {
  description = "Call data of the registration, 0xe335b451..., as the node printed it."
}

chain "conflux" {
  network = "testnet"
}

account "operator" {
  private_key = file("/run/secrets/operator-key")
}

source "reference" {
  git = "https://github.com/conflux-fans/pos-pool"
  rev = "8d144489b18bd924ae34186420b45f95849ff8f1"
}

core_contract "pool" {
  code     = source.reference.PoSPool
  proxy    = true
  settings = { name = "Harbour pool", user_share_ratio = "92.5%" }
  lifecycle {
    prevent_destroy = true
  }
}

pos_registration "main" {
  register_data = var.register_data
  pool          = core_contract.pool
  deposit       = cfx(1000)
  lifecycle {
    irreversible = "accept"
  }
}
