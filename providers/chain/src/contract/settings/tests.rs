//! The tables and their forms.

use super::*;

fn pool(name: &str) -> &'static Setting {
    settings_of("PoSPool").unwrap().setting(name).unwrap()
}

const BASE32: &str = "cfx:aajg4wt2mbmbb44sp6szd783ry0jtad5bea80xdy7p";

#[test]
fn a_ratio_has_one_text() {
    for (text, parts, normal) in [
        ("90%", 9000, "90%"),
        ("90.0%", 9000, "90%"),
        ("90.50%", 9050, "90.5%"),
        ("0.01%", 1, "0.01%"),
        ("99.99%", 9999, "99.99%"),
        ("100%", 10_000, "100%"),
        ("007%", 700, "7%"),
    ] {
        assert_eq!(parse_ratio(text), Some(parts), "{text}");
        assert_eq!(ratio_text(parts), normal);
    }
    for bad in [
        "90", "0%", "0.00%", "100.01%", "-1%", "90.123%", "90.%", ".5%", "9 0%", "90%%", "1e1%",
    ] {
        assert_eq!(parse_ratio(bad), None, "{bad}");
    }
}

#[test]
fn what_is_set_is_read_back_in_the_same_form() {
    let address = Value::from(BASE32);
    for (name, value) in [
        ("name", Value::from("Harbour pool")),
        ("user_share_ratio", Value::from("90.5%")),
        ("lock_period", Value::Blocks(Blocks(2_250_000))),
        ("manager", address),
        ("vote_price", Value::Amount(Drip(1000 * Drip::PER_CFX))),
    ] {
        let setting = pool(name);
        let normal = setting.normal(value.clone()).unwrap();
        assert_eq!(normal, value);
        let answer = match setting.ty {
            // Kept in drip, and set in CFX.
            SettingType::Price => abi::encode_arguments(&[Argument::Number(1000 * Drip::PER_CFX)]),
            _ => abi::encode_arguments(&[setting.argument(&normal).unwrap()]),
        };
        assert_eq!(setting.read(&answer, 1029), value, "{name}");
    }
}

#[test]
fn nothing_is_read_as_nothing() {
    assert_eq!(pool("voting_escrow").read(&[0; 32], 1029), Value::Null);
    assert_eq!(pool("name").read(&[], 1029), Value::Null);
    assert_eq!(pool("lock_period").read(&[0xff; 32], 1029), Value::Null);
}

#[test]
fn wrong_values_are_refused_with_the_right_form() {
    let help = |name: &str, value: Value| pool(name).normal(value).unwrap_err().help.unwrap();
    assert!(help("user_share_ratio", Value::Integer(90)).contains("\"90%\""));
    assert!(help("lock_period", Value::Integer(5)).contains("blocks("));
    assert!(help("manager", Value::from("0x00")).contains("base32"));
    assert!(pool("name").normal(Value::Bool(true)).is_err());
}

#[test]
fn addresses_lose_their_verbose_form() {
    let verbose = "CFX:TYPE.USER:AAJG4WT2MBMBB44SP6SZD783RY0JTAD5BEA80XDY7P";
    assert_eq!(
        pool("manager").normal(Value::from(verbose)),
        Ok(Value::from(BASE32))
    );
    let pools = settings_of("PoolManager")
        .unwrap()
        .setting("pools")
        .unwrap();
    let twice = Value::List(vec![Value::from(verbose), Value::from(BASE32)]);
    assert!(pools.normal(twice).unwrap_err().summary.contains("twice"));
    assert!(pools.normal(Value::from(BASE32)).is_err());
}

#[test]
fn an_unknown_setting_is_met_with_the_one_that_was_meant() {
    let pool = settings_of("PoSPool").unwrap();
    assert_eq!(
        pool.unknown("lock_periods").help.unwrap(),
        "did you mean `lock_period`?"
    );
    assert!(
        pool.unknown("colour")
            .help
            .unwrap()
            .contains("user_share_ratio")
    );
}

/// Afterwards its old holder may set nothing any more.
#[test]
fn who_gives_something_away_has_set_all_else_before() {
    for table in TABLES {
        let place = |name: &str| table.settings.iter().position(|row| row.name == name);
        let last_of = |caller: Caller| table.settings.iter().rposition(|row| row.caller == caller);
        assert_eq!(place(OWNER), last_of(Caller::Owner), "{}", table.contract);
        if table.manager.is_some() {
            assert!(
                place(MANAGER) > last_of(Caller::Manager),
                "{}",
                table.contract
            );
        }
    }
}

#[test]
fn only_accounts_administer_contracts() {
    let user = Value::Text(pospool_conflux::CoreAddress::new([0x11; 20], 1029).to_string());
    assert_eq!(pool(ADMIN).normal(user.clone()), Ok(user));
    let account = Value::Resource("account.operator".parse().unwrap());
    assert_eq!(pool(ADMIN).normal(account.clone()), Ok(account));
    let contract = Value::Text(pospool_conflux::CoreAddress::new([0x81; 20], 1029).to_string());
    for wrong in [
        contract,
        Value::Resource("core_contract.pool".parse().unwrap()),
    ] {
        let problem = pool(ADMIN).normal(wrong).unwrap_err();
        assert!(
            problem.summary.ends_with("only an account can be it"),
            "{problem:?}"
        );
    }
}

#[test]
fn a_vote_costs_whole_cfx() {
    let price = pool(VOTE_PRICE);
    let whole = Value::Amount(Drip(1000 * Drip::PER_CFX));
    assert_eq!(price.normal(whole.clone()), Ok(whole));
    for wrong in [
        Value::Amount(Drip(1)),
        Value::Amount(Drip(0)),
        Value::Integer(1000),
    ] {
        let help = price.normal(wrong).unwrap_err().help;
        assert_eq!(help.as_deref(), Some("write it like `cfx(1000)`"));
    }
}
