"""save_hyperparameters and add_to_class."""

import pytest

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
