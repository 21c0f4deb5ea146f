use super::*;
use proptest::prelude::*;

fn master(byte: u8) -> MasterKey {
    MasterKey::new([byte; 32])
}

fn vault() -> Vault {
    Vault::new(&master(7), None)
}

fn tenants() -> (TenantId, TenantId) {
    let id = |number: u128| TenantId(uuid::Uuid::from_u128(number));
    (id(1), id(2))
}

#[test]
fn a_secret_opens_where_it_belongs_and_nowhere_else() {
    let (vault, (mine, theirs)) = (vault(), tenants());
    let sealed = vault.seal(SIGNING_KEY, Some(mine), "one", b"secret").unwrap();
    assert_eq!(vault.open(SIGNING_KEY, Some(mine), "one", &sealed).unwrap(), b"secret");
    let elsewhere = [
        vault.open(MAIL_BODY, Some(mine), "one", &sealed),
        vault.open(SIGNING_KEY, Some(theirs), "one", &sealed),
        vault.open(SIGNING_KEY, None, "one", &sealed),
        vault.open(SIGNING_KEY, Some(mine), "two", &sealed),
        Vault::new(&master(8), None).open(SIGNING_KEY, Some(mine), "one", &sealed),
    ];
    assert!(elsewhere.iter().all(Result::is_err));
}

#[test]
fn nothing_of_a_secret_shows() {
    let sealed = vault().seal(MAIL_BODY, None, "one", b"a link that opens a door").unwrap();
    assert!(!sealed.windows(4).any(|window| b"a link that opens a door".windows(4).any(|w| w == window)));
    assert_ne!(sealed, vault().seal(MAIL_BODY, None, "one", b"a link that opens a door").unwrap());
}

#[test]
fn a_previous_key_opens_until_the_record_is_wrapped_anew() {
    let (old, new) = (Vault::new(&master(1), None), Vault::new(&master(2), None));
    let rotating = Vault::new(&master(2), Some(&master(1)));
    let sealed = old.seal(MAIL_BODY, None, "one", b"secret").unwrap();
    assert!(new.open(MAIL_BODY, None, "one", &sealed).is_err());
    assert_eq!(rotating.open(MAIL_BODY, None, "one", &sealed).unwrap(), b"secret");
    let anew = rotating.rewrap(MAIL_BODY, None, "one", &sealed).unwrap().expect("it was under the old key");
    assert_eq!(new.open(MAIL_BODY, None, "one", &anew).unwrap(), b"secret");
    assert!(old.open(MAIL_BODY, None, "one", &anew).is_err());
    assert_eq!(rotating.rewrap(MAIL_BODY, None, "one", &anew).unwrap(), None);
}

#[test]
fn what_cannot_be_read_is_not_wrapped_anew() {
    let rotating = Vault::new(&master(2), Some(&master(1)));
    let mut sealed = Vault::new(&master(1), None).seal(MAIL_BODY, None, "one", b"secret").unwrap();
    if let Some(last) = sealed.last_mut() {
        *last ^= 1;
    }
    assert!(rotating.rewrap(MAIL_BODY, None, "one", &sealed).is_err());
}

#[test]
fn an_error_names_the_record_and_no_more() {
    let (one, other) = (vault(), Vault::new(&master(8), None));
    let sealed = one.seal(MAIL_BODY, None, "mail-1", b"secret").unwrap();
    let told = other.open(MAIL_BODY, None, "mail-1", &sealed).unwrap_err().to_string();
    assert_eq!(told, format!("cannot be opened: mails.body mail-1, key {}", one.key()));
    let told = other.open(MAIL_BODY, None, "mail-1", b"junk").unwrap_err().to_string();
    assert_eq!(told, "cannot be opened: mails.body mail-1, key unknown");
}

proptest! {
    #[test]
    fn whatever_is_sealed_opens(plain: Vec<u8>, record: String) {
        let sealed = vault().seal(MAIL_BODY, None, &record, &plain).unwrap();
        prop_assert_eq!(vault().open(MAIL_BODY, None, &record, &sealed).unwrap(), plain);
    }

    #[test]
    fn a_changed_byte_opens_nothing(plain in prop::collection::vec(any::<u8>(), 0..40), at: prop::sample::Index, change in 1_u8..) {
        let vault = Vault::new(&master(2), Some(&master(1)));
        let mut sealed = vault.seal(MAIL_BODY, None, "one", &plain).unwrap();
        let at = at.index(sealed.len());
        sealed[at] ^= change;
        prop_assert!(vault.open(MAIL_BODY, None, "one", &sealed).is_err());
        sealed[at] ^= change;
        prop_assert!(vault.open(MAIL_BODY, None, "one", &sealed).is_ok());
        sealed.truncate(at);
        prop_assert!(vault.open(MAIL_BODY, None, "one", &sealed).is_err());
    }

    #[test]
    fn any_bytes_are_refused_quietly(bytes: Vec<u8>, head in prop::bool::ANY) {
        let bytes = if head { [&[1], &vault().key().0[..], &bytes].concat() } else { bytes };
        prop_assert!(vault().open(MAIL_BODY, None, "one", &bytes).is_err());
        prop_assert!(vault().rewrap(MAIL_BODY, None, "one", &bytes).is_err());
    }
}
