//! Events and hooks in function bodies and in private modules.

use event_core::prelude::*;

use crate::{builder, note, notes};

mod outer {
    mod inner {
        use event_core::prelude::*;

        #[derive(Event)]
        pub(super) struct Deep {
            pub(super) depth: u8,
        }

        #[hookspec(firstresult)]
        pub(in crate::inside_functions) fn deep(app: &App, event: &Tracked) -> u8;
    }

    pub(super) use inner::deep;

    use event_core::prelude::*;

    #[hookimpl(inner::deep)]
    fn answer(event: &inner::Deep) -> u8 {
        event.depth
    }

    pub(super) fn builder() -> event_core::AppBuilder {
        crate::builder().event::<inner::Deep>().hook(answer).hook(ask)
    }

    pub(super) fn happen(app: &App) -> event_core::Result<event_core::Receipt> {
        app.track(inner::Deep { depth: 2 }).wait()
    }

    #[hookimpl(track_event)]
    fn ask(app: &App, event: &Tracked) -> event_core::Result<()> {
        crate::note(app, format!("{:?}", deep::call(app, event).wait()?));
        Ok(())
    }
}

#[test]
fn events_and_hooks_of_private_modules_reach_each_other() {
    let app = outer::builder().start().wait().unwrap();
    assert!(outer::happen(&app).unwrap().failures().is_empty());
    assert_eq!(notes(&app), ["Some(2)"]);
}

#[test]
fn events_and_hooks_in_a_function_body_reach_each_other() {
    #[derive(Event)]
    #[event(name = "inside-a-function")]
    struct Local {
        number: u8,
    }

    #[hookspec]
    fn local(app: &App, number: u8) -> u8;

    #[hookimpl(local)]
    fn twice(number: u8) -> u8 {
        number * 2
    }

    #[hookimpl(track_event)]
    async fn ask(app: &App, event: &Local) -> event_core::Result<()> {
        let answers = local::call(app, event.number).await?.values;
        note(app, format!("{answers:?}"));
        Ok(())
    }

    let app = builder().event::<Local>().hook(twice).hook(ask).start().wait().unwrap();
    assert!(app.track(Local { number: 4 }).wait().unwrap().failures().is_empty());
    assert_eq!(notes(&app), ["[8]"]);
}
