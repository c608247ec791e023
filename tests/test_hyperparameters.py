"""save_hyperparameters and add_to_class."""

import dataclasses

import pytest
from contract import require

from d2lite.hyperparameters import HyperParameters, add_to_class


class Base(HyperParameters):
    def __init__(self, a, b=2):
        self.save_hyperparameters()


class Derived(Base):
    def __init__(self, c, *rest, d=4, _hidden=5, **options):
        super().__init__(a=c + 1)
        local = c  # noqa: F841  no argument, and so not to be saved
        self.save_hyperparameters(ignore=['d'])


def test_the_arguments_of_each_constructor_are_saved_by_its_own_call():
    model = Derived(10, 20, e=6)
    assert (model.a, model.b, model.c, model.rest, model.options) == (11, 2, 10, (20,), {'e': 6})
    assert model.hparams == {'a': 11, 'b': 2, 'c': 10, 'rest': (20,), 'options': {'e': 6}}
    assert not hasattr(model, 'local')
    assert not hasattr(model, 'd') and not hasattr(model, '_hidden')
    assert not hasattr(model, 'self')


def test_values_are_those_at_the_moment_of_the_call():
    class Model(HyperParameters):
        def __init__(self, lr=None):
            lr = lr or 0.1
            self.save_hyperparameters()
            lr = 99

    assert Model().lr == 0.1


def test_a_helper_that_builds_an_object_does_not_leak_its_arguments():
    def build(width, depth):
        return Base(a=width)

    assert vars(build(3, 7)) == {'a': 3, 'b': 2, 'hparams': {'a': 3, 'b': 2}}


@pytest.mark.parametrize('frozen', [True, False])
def test_the_fields_of_a_dataclass_are_saved_in_its_post_init(frozen):
    @dataclasses.dataclass(frozen=frozen)
    class Config(HyperParameters):
        lr: float
        scale: dataclasses.InitVar[int]
        sizes: list = dataclasses.field(default_factory=list)
        made: int = dataclasses.field(default=0, init=False)
        _hidden: int = 1

        def __post_init__(self, scale):
            self.save_hyperparameters(ignore=['scale'] if frozen else [])

    config = Config(0.1, 3, sizes=[4])
    expected = {'lr': 0.1, 'sizes': [4]} | ({} if frozen else {'scale': 3})
    assert config.hparams == expected
    assert config.lr == 0.1 and (frozen or config.scale == 3)


def test_a_dataclass_that_extends_another_saves_all_fields():
    @dataclasses.dataclass
    class First(HyperParameters):
        a: int

        def __post_init__(self):
            self.save_hyperparameters()

    @dataclasses.dataclass
    class Second(First):
        b: int = 2

    assert Second(1).hparams == {'a': 1, 'b': 2}


def test_a_method_named_post_init_of_another_class_saves_its_arguments():
    class Plain(HyperParameters):
        def __init__(self):
            self.__post_init__(5)

        def __post_init__(self, a):
            self.save_hyperparameters()

    assert vars(Plain()) == {'a': 5, 'hparams': {'a': 5}}


def test_a_model_on_jax_saves_its_fields_in_post_init():
    d2l = require('jax')

    class Model(d2l.Classifier):
        num_outputs: int
        lr: float = 0.1

        def __post_init__(self):
            super().__post_init__()
            self.save_hyperparameters(ignore=['plot_train_per_epoch', 'plot_valid_per_epoch'])

    model = Model(3)
    assert model.hparams == {'training': True, 'num_outputs': 3, 'lr': 0.1}
    assert model.clone(lr=0.5).hparams['lr'] == 0.5


def test_ignore_is_a_list():
    class Model(HyperParameters):
        def __init__(self, lr):
            self.save_hyperparameters(ignore='lr')

    with pytest.raises(TypeError, match=r"write ignore=\['lr'\]"):
        Model(0.1)


def test_outside_of_a_method_it_says_so():
    with pytest.raises(RuntimeError, match='in a method'):
        Base(1).save_hyperparameters()


def test_saving_works_in_every_backends_module(d2l):
    if d2l.Module.backend == 'jax':
        model = d2l.LinearRegressionScratch(3, lr=0.5)  # a dataclass: its fields are saved as such
    else:

        class Model(d2l.Module):
            def __init__(self, num_inputs, lr, sigma=0.01):
                super().__init__(plot_train_per_epoch=5)
                self.save_hyperparameters()

        model = Model(3, lr=0.5)
        assert model.plot_train_per_epoch == 5
        assert dict(model.hparams)['num_inputs'] == 3
    assert (model.num_inputs, model.lr, model.sigma) == (3, 0.5, 0.01)


def test_add_to_class_reaches_objects_made_before():
    early = Base(1)

    @add_to_class(Base)
    def double(self):
        return 2 * self.a

    assert early.double() == 2 and double(Base(3)) == 6
    del Base.double


def test_add_to_class_wants_a_class():
    with pytest.raises(TypeError, match='takes a class'):
        add_to_class(Base(1))


def test_a_method_added_to_one_backend_stays_there(d2l):
    from d2lite.training import trainer

    class Trainer(d2l.Trainer):
        pass

    @d2l.add_to_class(Trainer)
    def prepare_batch(self, batch):
        return 'changed'

    assert Trainer(max_epochs=1).prepare_batch(None) == 'changed'
    assert d2l.Trainer(max_epochs=1).prepare_batch('batch') == 'batch'
    assert trainer.Trainer.prepare_batch is not prepare_batch


def test_a_misspelled_argument_is_told_by_every_class(d2l):
    for make, name, meant in [
        (lambda: d2l.Trainer(max_epoch=1), 'max_epoch', 'max_epochs'),
        (lambda: d2l.MLP(num_output=10, num_hiddens=2, lr=0.1), 'num_output', 'num_outputs'),
        (lambda: d2l.ProgressBoard(xlable='x'), 'xlable', 'xlabel'),
    ]:
        with pytest.raises(TypeError, match=rf"no argument '{name}'\. Did you mean '{meant}'\?"):
            make()
    with pytest.raises(
        TypeError, match=r"^LeNet\(\) has no argument 'foo'\. It takes lr, num_classes"
    ):
        d2l.LeNet(foo=1)


def test_a_class_that_takes_any_argument_is_given_them():
    class Open(HyperParameters):
        def __init__(self, **kwargs):
            self.save_hyperparameters()

    assert Open(anything=1).hparams == {'kwargs': {'anything': 1}}
