chain "conflux" {
  network    = "devnet"
  core_rpc   = "CORE_RPC"
  espace_rpc = "ESPACE_RPC"
}

account "operator" {
  private_key = env("POSPOOL_OPERATOR_KEY")
}

source "reference" {
  path = "REFERENCE"
}

source "stand_ins" {
  path = "STAND_INS"
}

funding "espace" {
  amount = cfx(FUNDING)
}

core_contract "pool" {
  code  = source.reference.PoSPool
  proxy = true
  settings = {
    name          = "Harbour pool"
    voting_escrow = core_contract.voting_escrow
  }
}

core_contract "manager" {
  code = source.reference.PoolManager
  settings = {
    pools        = [core_contract.pool]
    espace_pools = [{ pool = core_contract.pool, espace_pool = espace_contract.pool }]
  }
}

core_contract "bridge" {
  code  = source.reference.CoreBridge
  proxy = true
  settings = {
    pool                 = core_contract.pool
    espace_pool          = espace_contract.pool
    espace_voting_escrow = espace_contract.voting_escrow
  }
}

core_contract "voting_escrow" {
  code  = source.reference.VotingEscrow
  proxy = true
  settings = {
    pos_pool      = core_contract.pool
    espace_bridge = core_contract.bridge
  }
}

espace_contract "oracle" {
  code = source.stand_ins.CoreSpaceInfo
}

espace_contract "pool" {
  code  = source.reference.ESpacePoSPool
  proxy = true
  settings = {
    name             = "Harbour pool of eSpace"
    user_share_ratio = "90%"
    lock_period      = blocks(40)
    unlock_period    = blocks(41)
    bridge           = core_contract.bridge
    voting_escrow    = espace_contract.voting_escrow
  }
}

espace_contract "voting_escrow" {
  code  = source.reference.EVotingEscrow
  proxy = true
  settings = {
    pos_pool        = espace_contract.pool
    core_space_info = espace_contract.oracle
  }
}
